"""An independent judge: whatever this verifier takes, joserfc takes too.

A few seconds of random edits here; AUTH_FUZZ_SECONDS=600 looks longer.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.shared.auth import Principal, TokenError
from tests.services.shared.auth.corpus.all import CASES
from tests.services.shared.auth.corpus.good import GOOD
from tests.services.shared.auth.issuer import (
    CLIENT,
    ISSUER,
    NOW,
    compact,
    good_claims,
    good_header,
    key_set,
    sign,
    token,
)

Verify = Callable[[str], Principal]
SECONDS = float(os.environ.get("AUTH_FUZZ_SECONDS", "2"))
KEYS = KeySet.import_key_set(cast(Any, key_set()))
ALPHABET = "ABab01-_=+/. \n!\0é"
SNIPPETS = (
    b"null",
    b"true",
    b"[]",
    b"{}",
    b'""',
    b"0",
    b"-1",
    b"1e3",
    b'"exp":1,',
    b" ",
    b"\\u0000",
    b'"crit":["b64"],',
)


def joserfc_takes(text: str) -> bool:
    """Whether joserfc takes the token, under the same policy and at the same time."""
    rules = jwt.JWTClaimsRegistry(
        now=NOW,
        leeway=30,
        iss={"essential": True, "value": ISSUER},
        client_id={"essential": True, "value": CLIENT},
        token_use={"essential": True, "value": "access"},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
    )
    try:
        decoded = jwt.decode(text, KEYS, algorithms=["RS256"])
        rules.validate(decoded.claims)
    except (JoseError, ValueError):
        return False
    return True


def edited_text(chance: random.Random) -> str:
    """A good token with a few characters changed, or parts of two tokens."""
    text = token(jti=str(chance.random()))
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text))
        text = chance.choice(
            (
                text[:at] + chance.choice(ALPHABET) + text[at + 1 :],
                text[:at] + chance.choice(ALPHABET) + text[at:],
                text[:at] + text[at + chance.randint(1, 4) :],
                text[:at] + chr(chance.randrange(0x300)) + text[at:],
                ".".join(chance.sample(text.split("."), k=text.count(".") + 1)),
            )
        )
    return text


def edited_and_signed(chance: random.Random) -> str:
    """A token whose header or payload the issuer would hardly write, signed nevertheless."""
    parts = [compact(good_header()), compact(good_claims())]
    index = chance.randrange(2)
    raw = parts[index]
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(raw) + 1)
        snippet = chance.choice((chance.choice(SNIPPETS), chance.randbytes(1), b""))
        raw = raw[:at] + snippet + raw[at + chance.randint(0, 3) :]
    parts[index] = raw
    return sign(parts[0], parts[1])


@pytest.mark.parametrize("make", [edited_text, edited_and_signed])
def test_whatever_is_taken_after_random_edits_joserfc_takes_too(
    make: Callable[[random.Random], str], verify: Verify
) -> None:
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)  # noqa: S311 (repeatable, not secret)
    until = time.monotonic() + SECONDS / 2
    while time.monotonic() < until:
        text = make(chance)
        try:
            verify(text)
        except TokenError:
            continue
        assert joserfc_takes(text), f"seed {seed}: {text!r}"


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"iat-equal-to-exp"}))
def test_joserfc_takes_the_good_tokens(name: str) -> None:
    assert joserfc_takes(GOOD[name]())


def test_the_oracle_refuses_what_is_plainly_forged() -> None:
    codes = {"alg_not_allowed", "signature_invalid", "kid_unknown"}
    lax = {18}  # joserfc reads the last of two alg members, as RFC 7515 section 4 allows
    forged = [case for case in CASES if case.code.value in codes and case.family not in lax]
    assert len(forged) > 50
    texts = [made for made in (case.make() for case in forged) if isinstance(made, str)]
    assert [text for text in texts if joserfc_takes(text)] == []


def test_the_edits_reach_past_the_signature(verify: Verify) -> None:
    """Fuzzing that only ever breaks signatures would prove little."""
    chance = random.Random(1)  # noqa: S311 (repeatable, not secret)
    codes: set[str] = set()
    for _ in range(300):
        try:
            verify(edited_and_signed(chance))
            codes.add("taken")
        except TokenError as error:
            codes.add(error.code)
    assert {"token_malformed", "claim_missing", "header_not_allowed", "taken"} <= codes
