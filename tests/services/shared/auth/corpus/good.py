"""Tokens that must be taken, however unusual they look."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.services.shared.auth.corpus.signature import proof_that_the_tools_work
from tests.services.shared.auth.issuer import (
    CLIENT,
    GONE,
    KID,
    NOW,
    OTHER_KID,
    compact,
    good_claims,
    good_header,
    rsa_key,
    sign,
    token,
)


def spaced() -> str:
    return sign(json.dumps(good_header()).encode(), json.dumps(good_claims(), indent=2).encode())


def escaped_slashes() -> str:
    return sign(compact(good_header()), compact(good_claims()).replace(b"/", b"\\/"))


NO_GROUPS: dict[str, Any] = {"cognito:groups": []}
GOOD: dict[str, Callable[[], str]] = {
    "plain": token,
    "typ-jwt": partial(token, {"typ": "JWT"}),
    "typ-at+jwt": partial(token, {"typ": "at+jwt"}),
    "kid-before-and-after-alg": lambda: sign(f'{{"alg":"RS256","kid":"{KID}"}}'.encode(), compact(good_claims())),
    "the-pools-other-key": lambda: token({"kid": OTHER_KID}, key=rsa_key("pool's other")),
    "no-groups": partial(token, **{"cognito:groups": GONE}),
    "empty-groups": partial(token, **NO_GROUPS),
    "client-credentials": partial(token, username=GONE, sub=CLIENT, **{"cognito:groups": GONE}),
    "no-scope": partial(token, scope=GONE),
    "aud-beside-client-id": partial(token, aud="https://api.example"),
    "past-nbf": partial(token, nbf=NOW - 60),
    "nbf-30-s-ahead": partial(token, nbf=NOW + 30),
    "iat-5-s-ahead": partial(token, iat=NOW + 5),
    "iat-30-s-ahead": partial(token, iat=NOW + 30),
    "iat-equal-to-exp": partial(token, iat=NOW + 5, exp=NOW + 5),
    "last-second": partial(token, exp=NOW + 1),
    "a-day": partial(token, exp=NOW + 86_400),
    "unknown-claims": partial(token, tenant={"id": 7, "roles": ["a", ["b"]]}, score=1.5, note="ключ", ok=True, no=None),
    "spaced-json": spaced,
    "escaped-slashes": escaped_slashes,
    "no-username-claims-jti": partial(token, jti=GONE, origin_jti=GONE, event_id=GONE, auth_time=GONE, version=GONE),
    "the-tools-own-signature": proof_that_the_tools_work,
}
