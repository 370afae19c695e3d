"""What must hold for every input, not only for those that somebody thought of."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.shared.auth import Principal, TokenError, verifier
from services.shared.auth.encoding import (
    DuplicateMemberError,
    decode_base64url,
    decode_frozen_object,
    decode_object,
)
from tests.services.shared.auth.issuer import CLIENT, ISSUER, NOW, compact, encode, good_header, key_set, sign, token

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Properties are about what happens, not how fast: a busy machine is no failure."""

VERIFY = verifier(key_set(), ISSUER, CLIENT, clock=lambda: NOW)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["sub", "iss", "exp", "iat", "nbf", "jti", "scope", "cognito:groups", "token_use", "client_id", "username", "aud"]
)
ANYTHING = st.one_of(
    st.none(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.text()), st.dictionaries(st.text(), JSON)
)


def refused_or_taken(text: Any) -> Principal | TokenError:
    try:
        return VERIFY(text)
    except TokenError as error:
        return error


@patient
@given(ANYTHING)
def test_any_value_of_any_type_is_refused_with_a_token_error(value: Any) -> None:
    assert isinstance(refused_or_taken(value), TokenError)


@patient
@given(st.lists(st.text("ABCxyz019-_=+/. \n\u00e9", max_size=40), max_size=5).map(".".join))
def test_any_text_that_looks_like_a_token_is_refused_with_a_token_error(text: str) -> None:
    assert isinstance(refused_or_taken(text), TokenError)


@settings(patient, max_examples=60)
@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "x"]), JSON))
def test_any_signed_header_is_refused_with_a_token_error(header: dict[str, Any]) -> None:
    assert isinstance(refused_or_taken(sign(compact(header), b"{}")), TokenError)


@settings(patient, max_examples=150)
@given(st.dictionaries(NAMES | st.text(max_size=6), JSON, max_size=4))
def test_any_signed_claims_are_refused_with_a_token_error_or_taken_as_they_are(claims: dict[str, Any]) -> None:
    outcome = refused_or_taken(token(**claims)) if not {"header", "key"} & claims.keys() else None
    if isinstance(outcome, Principal):
        assert outcome.claims.keys() >= claims.keys()


@settings(patient, max_examples=60)
@given(st.binary(max_size=300))
def test_any_signed_bytes_are_refused_with_a_token_error(payload: bytes) -> None:
    assert isinstance(refused_or_taken(sign(compact(good_header()), payload)), TokenError)


@patient
@given(st.binary(min_size=1, max_size=200))
def test_base64url_has_one_spelling_for_each_value(data: bytes) -> None:
    assert decode_base64url(encode(data).encode()) == data


@patient
@given(st.binary(max_size=60))
def test_bytes_decode_only_if_they_are_what_encoding_gives(segment: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert encode(decode_base64url(segment)).encode() == segment


@patient
@given(st.dictionaries(st.text(), JSON, min_size=1), st.booleans())
def test_an_object_decodes_to_what_the_standard_library_reads(value: dict[str, Any], spaced: bool) -> None:
    text = json.dumps(value, indent=2 if spaced else None, ensure_ascii=spaced)
    with contextlib.suppress(ValueError):  # lone surrogates, and numbers that are none
        assert decode_object(text.encode()) == json.loads(text)
        assert thawed(decode_frozen_object(text.encode())) == json.loads(text)


def thawed(value: Any) -> Any:
    """Lists for tuples and dicts for read-only views, at any depth."""
    if isinstance(value, tuple):
        return [thawed(member) for member in value]
    if isinstance(value, Mapping):
        return {name: thawed(member) for name, member in value.items()}
    return value


@patient
@given(st.text(max_size=5), JSON, JSON, st.lists(st.sampled_from(["list", "object"]), max_size=3))
def test_a_repeated_member_is_refused_at_any_depth(name: str, first: Any, second: Any, path: list[str]) -> None:
    quoted = json.dumps(name)
    text = f"{{{quoted}:{json.dumps(first)},{quoted}:{json.dumps(second)}}}"
    for step in path:
        text = f"[{text}]" if step == "list" else f'{{"in":{text}}}'
    for decode in (decode_object, decode_frozen_object):
        with pytest.raises(DuplicateMemberError):
            decode(f'{{"at":{text}}}'.encode())


def test_a_caller_deep_in_recursion_gets_an_answer_or_its_own_recursion_error() -> None:
    """Near the interpreter's limit nothing may be taken that is not good."""

    def descend() -> None:
        refused_or_taken("A.B.C")
        descend()

    with pytest.raises(RecursionError):
        descend()
