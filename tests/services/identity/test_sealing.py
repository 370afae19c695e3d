"""Sealed text."""

from __future__ import annotations

import base64

import pytest

from services.identity.sealing import Sealer, SealError

OLD, NEW = "o" * 43, "n" * 43


@pytest.mark.parametrize("text", ["", "x", "ü💡", "x" * 4000])
def test_what_was_sealed_opens_again(text: str) -> None:
    sealer = Sealer([OLD])
    assert sealer.open("purpose", sealer.seal("purpose", text)) == text


def test_the_same_text_never_looks_the_same() -> None:
    sealer = Sealer([OLD])
    assert len({sealer.seal("purpose", "text") for _ in range(100)}) == 100


def test_sealed_text_fits_a_cookie_without_quoting() -> None:
    assert set(Sealer([OLD]).seal("purpose", "text" * 50)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


def test_another_purpose_does_not_open_it() -> None:
    sealer = Sealer([OLD])
    with pytest.raises(SealError):
        sealer.open("another", sealer.seal("purpose", "text"))


def test_a_new_first_key_seals_and_the_old_one_still_opens() -> None:
    before, after = Sealer([OLD]), Sealer([NEW, OLD])
    assert after.open("purpose", before.seal("purpose", "text")) == "text"
    assert Sealer([NEW]).open("purpose", after.seal("purpose", "text")) == "text"


def test_a_key_that_is_gone_opens_nothing() -> None:
    with pytest.raises(SealError):
        Sealer([NEW]).open("purpose", Sealer([OLD]).seal("purpose", "text"))


def test_no_bit_can_be_changed() -> None:
    sealer = Sealer([OLD])
    raw = base64.urlsafe_b64decode(sealer.seal("purpose", "text") + "==")
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        with pytest.raises(SealError):
            sealer.open("purpose", base64.urlsafe_b64encode(changed).decode().rstrip("="))


@pytest.mark.parametrize("sealed", ["", "x", "====", "ä", "a b", "A" * 15, "A" * 16, "A" * 40, "+/+/", "\0"])
def test_anything_else_is_no_sealed_text(sealed: str) -> None:
    with pytest.raises(SealError):
        Sealer([OLD]).open("purpose", sealed)
