"""Key sets: a key that cannot be meant is skipped, a set that is in doubt is refused whole (J8, J12 to J16)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from services.shared.auth import TokenError, verifier
from services.shared.auth.keys import KeySetError, parse_key_set
from tests.services.shared.auth.issuer import (
    CLIENT,
    GONE,
    ISSUER,
    KID,
    NOW,
    changed,
    encode,
    jwk_of,
    number,
    rsa_key,
    token,
)

ODD_KEYS: dict[str, dict[str, Any]] = {
    "J13-for-encryption": {"use": "enc"},
    "J13-key-ops-sign": {"key_ops": ["sign"]},
    "J13-key-ops-string": {"key_ops": "verify"},
    "J13-kty-ec": {"kty": "EC"},
    "J13-kty-oct": {"kty": "oct", "k": GONE},
    "J13-kty-unknown": {"kty": "XYZ"},
    "J13-kty-missing": {"kty": GONE},
    "J13-alg-rs512": {"alg": "RS512"},
    "J13-alg-hs256": {"alg": "HS256"},
    "J13-alg-null": {"alg": None},
    "J13-e-1": {"e": number(1)},
    "J13-e-3": {"e": number(3)},
    "J13-e-even": {"e": number(65536)},
    "J13-e-0": {"e": number(0)},
    "J13-e-huge": {"e": number(2**64 + 1)},
    "J13-e-missing": {"e": GONE},
    "J13-n-0": {"n": number(0)},
    "J13-n-even": {"n": number(2**2047)},
    "J13-n-16384-bits": {"n": number(2**16383 + 1)},
    "J13-n-4097-bits": {"n": number(2**4096 + 1)},
    "J13-n-2047-bits": {"n": number(2**2046 + 1)},
    "J13-n-padded": {"n": base64.urlsafe_b64encode((2**2047 + 1).to_bytes(256, "big")).decode()},
    "J13-n-with-zero-byte": {"n": encode(b"\0" + (2**2047 + 1).to_bytes(256, "big"))},
    "J13-n-unused-bits": {"n": number(2**2047 + 1)[:-1] + "R"},
    "J13-n-not-ascii": {"n": "é" + number(2**2047 + 1)},
    "J13-n-number": {"n": 65537},
    "J13-n-empty": {"n": ""},
    "J14-private-d": {"d": "AQAB"},
    "J14-private-p": {"p": "AQAB"},
    "J14-symmetric-k": {"k": "c2VjcmV0"},
    "J16-kid-number": {"kid": 7},
    "J16-kid-null": {"kid": None},
    "J16-kid-list": {"kid": [KID]},
    "J16-kid-empty": {"kid": ""},
    "J16-kid-missing": {"kid": GONE},
}


def good_key(kid: str = KID) -> dict[str, Any]:
    return jwk_of(rsa_key("pool"), kid)


@pytest.mark.parametrize("name", ODD_KEYS)
def test_an_odd_key_is_skipped_while_the_others_serve(name: str) -> None:
    odd = changed(jwk_of(rsa_key("pool's other"), "odd"), ODD_KEYS[name])
    assert parse_key_set({"keys": [odd, good_key()]}).keys() == {KID}


@pytest.mark.parametrize("entry", [None, "key", 7, [], {}])
def test_an_entry_that_is_no_key_at_all_is_skipped(entry: object) -> None:
    assert parse_key_set({"keys": [entry, good_key()]}).keys() == {KID}


def test_a_1024_bit_key_is_skipped() -> None:
    weak = jwk_of(rsa_key("weak", 1024), "weak")
    assert parse_key_set({"keys": [weak, good_key()]}).keys() == {KID}


def test_a_key_with_private_members_is_warned_about_without_quoting_them(caplog: pytest.LogCaptureFixture) -> None:
    parse_key_set({"keys": [{**good_key("leaked"), "d": "topsecretvalue"}, good_key()]})
    assert "private members" in caplog.text
    assert "topsecretvalue" not in caplog.text


def test_use_alg_and_key_ops_may_be_absent() -> None:
    plain = jwk_of(rsa_key("pool"), KID, use=GONE, alg=GONE)
    assert parse_key_set({"keys": [plain]}).keys() == {KID}
    assert parse_key_set({"keys": [{**plain, "key_ops": ["verify"]}]}).keys() == {KID}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"keys": {}},
        {"keys": []},
        {"keys": None},
        [],
        None,
        "keys",
        {"keys": [{}]},
        {"keys": [good_key(), good_key()]},
        {"keys": [good_key(), jwk_of(rsa_key("attacker"), KID)]},
        {"keys": [good_key(), {"kid": KID, "kty": "EC"}]},
        {"keys": [good_key(f"k{i}") for i in range(101)]},
    ],
    ids=[
        "J8-empty",
        "J8-keys-object",
        "J8-no-keys",
        "J8-keys-null",
        "J8-list",
        "J8-null",
        "J8-string",
        "J8-none-usable",
        "J12-one-kid-twice",
        "J12-one-kid-two-keys",
        "J12-one-kid-twice-though-one-is-skipped",
        "J15-101-keys",
    ],
)
def test_a_set_in_doubt_is_refused_whole(document: Any) -> None:
    with pytest.raises(KeySetError):
        parse_key_set(document)
    with pytest.raises(ValueError, match="key set"):
        verifier(document, ISSUER, CLIENT)


def test_a_hundred_keys_are_taken() -> None:
    assert len(parse_key_set({"keys": [good_key(f"k{i}") for i in range(100)]})) == 100


def test_a_token_of_a_key_that_is_for_another_algorithm_is_refused() -> None:
    """Family 19: the key's own alg counts, not the token's (CVE-2026-48523)."""
    keys = {"keys": [jwk_of(rsa_key("pool"), KID, alg="RS512"), good_key("another")]}
    with pytest.raises(TokenError) as refusal:
        verifier(keys, ISSUER, CLIENT, clock=lambda: NOW)(token())
    assert refusal.value.code.value == "kid_unknown"


def test_a_3072_bit_key_verifies() -> None:
    key = rsa_key("long", 3072)
    verify = verifier({"keys": [jwk_of(key, "long")]}, ISSUER, CLIENT, clock=lambda: NOW)
    assert verify(token({"kid": "long"}, key=key)).claims["iss"] == ISSUER
