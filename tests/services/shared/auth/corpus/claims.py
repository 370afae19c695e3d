"""Families 80 to 94: tokens that the issuer has signed and that are not for us, or not now."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from services.shared.auth import Code
from tests.services.shared.auth.corpus.case import Case
from tests.services.shared.auth.issuer import (
    CLIENT,
    GONE,
    ISSUER,
    NOW,
    SUB,
    compact,
    good_claims,
    good_header,
    id_claims,
    sign,
    token,
)

DAY = 86_400
INVALID, MALFORMED = Code.CLAIM_INVALID, Code.TOKEN_MALFORMED
EARLY, MISMATCH = Code.TOKEN_NOT_YET_VALID, Code.ISSUER_MISMATCH

TIMES: tuple[tuple[int, str, Code, dict[str, Any]], ...] = (
    (81, "exp-an-hour-ago", Code.TOKEN_EXPIRED, {"exp": NOW - 3600, "iat": NOW - 7200}),
    (81, "exp-20-s-ago", Code.TOKEN_EXPIRED, {"exp": NOW - 20}),
    (81, "exp-now", Code.TOKEN_EXPIRED, {"exp": NOW}),
    (82, "exp-in-ten-years", INVALID, {"exp": NOW + 3650 * DAY}),
    (82, "exp-a-little-too-far", INVALID, {"exp": NOW + DAY + 301}),
    (82, "iat-after-exp", INVALID, {"exp": NOW + 10, "iat": NOW + 11}),
    (83, "iat-an-hour-ahead", EARLY, {"iat": NOW + 3600, "exp": NOW + 7200}),
    (83, "iat-31-s-ahead", EARLY, {"iat": NOW + 31}),
    (83, "nbf-an-hour-ahead", EARLY, {"nbf": NOW + 3600}),
    (83, "nbf-31-s-ahead", EARLY, {"nbf": NOW + 31}),
)
NO_DATES: tuple[tuple[str, str, Code], ...] = (
    ("string", f'"{NOW + 100}"', INVALID),
    ("true", "true", INVALID),
    ("nan", "NaN", MALFORMED),
    ("infinity", "Infinity", MALFORMED),
    ("1e999", "1e999", MALFORMED),
    ("-1", "-1", INVALID),
    ("0", "0", INVALID),
    ("list", f"[{NOW + 100}]", INVALID),
    ("object", "{}", INVALID),
    ("fraction", f"{NOW + 100}.5", INVALID),
    ("float", f"{NOW + 100}.0", INVALID),
    ("exponent", "18e8", INVALID),
    ("5000-digits", "9" * 4999, MALFORMED),
)
THIRTY_DIGITS = (("exp", INVALID), ("iat", INVALID), ("nbf", EARLY))
ISSUERS: tuple[tuple[str, Any], ...] = (
    ("slash", f"{ISSUER}/"),
    ("pool", ISSUER[:-1] + "2"),
    ("region", ISSUER.replace("eu-central-1", "us-east-1")),
    ("http", ISSUER.replace("https", "http")),
    ("case", ISSUER.lower()),
    ("prefix", ISSUER[:-1]),
    ("suffix", f"{ISSUER}1"),
    ("suffix-host", ISSUER.replace(".com", ".com.attacker.example")),
    ("port", ISSUER.replace(".com", ".com:443")),
    ("space", f"{ISSUER} "),
    ("empty", ""),
    ("list", [ISSUER]),
    ("object", {ISSUER: 1}),
    ("number", 1),
)
OTHERS: tuple[tuple[int, str, str, Code, tuple[Any, ...]], ...] = (
    (87, "token_use", "token_use", Code.TOKEN_USE_MISMATCH, ("id", "refresh", "ACCESS", ["access"], "", True)),
    (
        88,
        "client_id",
        "client_id",
        Code.CLIENT_MISMATCH,
        ("other", [CLIENT], f"{CLIENT} ", CLIENT[:-1]),
    ),
    (88, "client_id", "client_id", Code.CLIENT_MISMATCH, ("", {CLIENT: 1}, 1, True, CLIENT.upper())),
    (91, "sub", "sub", INVALID, (1, "", [SUB], {"sub": SUB}, True)),
    (92, "scope", "scope", INVALID, (["api:read"], 1, {"api:read": 1}, None, True)),
    (93, "groups", "cognito:groups", INVALID, ("admin", "admins", [1], {"admin": 1}, [["admin"]], [""], None, [None])),
    (94, "jti", "jti", INVALID, (1, "", None)),
    (94, "username", "username", INVALID, (["ada"], "", None, 1)),
    (94, "origin_jti", "origin_jti", INVALID, (1, None)),
    (94, "event_id", "event_id", INVALID, (["x"],)),
    (94, "auth_time", "auth_time", INVALID, ("1", True, None)),
    (94, "version", "version", INVALID, ("2", 2.5)),
)


def raw(name: str, text: str) -> str:
    """A token with this claim spelled just so."""
    rest = compact(good_claims(**{name: GONE}))
    return sign(compact(good_header()), rest[:-1] + f',"{name}":{text}}}'.encode())


def doubled(name: str, first: str, last: str) -> str:
    return raw(name, f'{first},"{name}":{last}')


def nested_twice() -> str:
    return raw("custom", '{"a":1,"b":[{"a":1,"a":1}]}')


def id_token(**changes: Any) -> str:
    return sign(compact(good_header()), compact(id_claims(**changes)))


def cases() -> Iterator[Case]:
    for name in ("exp", "iat", "iss", "sub", "token_use", "client_id"):
        yield Case(80, f"no-{name}", Code.CLAIM_MISSING, partial(token, **{name: GONE}))
        yield Case(80, f"null-{name}", Code.CLAIM_MISSING, partial(token, **{name: None}))
    for family, name, code, claims in TIMES:
        yield Case(family, name, code, partial(token, **claims))
    for claim in ("exp", "iat", "nbf"):
        for name, text, code in NO_DATES:
            yield Case(84, f"{claim}-{name}", code, partial(raw, claim, text))
    for claim, code in THIRTY_DIGITS:
        yield Case(84, f"{claim}-30-digits", code, partial(raw, claim, "9" * 30))
    yield Case(84, "nbf-null", INVALID, partial(token, nbf=None))
    later, client, attacker = str(NOW + 500), f'"{CLIENT}"', '"attacker"'
    yield Case(85, "exp-twice", INVALID, partial(doubled, "exp", str(NOW - 5), later))
    yield Case(85, "exp-twice-the-same", INVALID, partial(doubled, "exp", later, later))
    yield Case(85, "client-id-twice", INVALID, partial(doubled, "client_id", client, attacker))
    yield Case(85, "client-id-twice-ours-last", INVALID, partial(doubled, "client_id", attacker, client))
    yield Case(
        85, "client-id-twice-once-escaped", INVALID, partial(raw, "client_id", f'{client},"client_\\u0069d":"x"')
    )
    yield Case(85, "nested-twice", INVALID, nested_twice)
    for name, issuer in ISSUERS:
        yield Case(86, name, MISMATCH, partial(token, iss=issuer))
    for family, name, claim, code, values in OTHERS:
        for value in values:
            yield Case(family, f"{name}-{value!r}".replace("'", ""), code, partial(token, **{claim: value}))
    yield Case(89, "aud-ours", Code.CLIENT_MISMATCH, partial(token, client_id="other", aud=CLIENT))
    yield Case(90, "id-token", Code.TOKEN_USE_MISMATCH, id_token)
    yield Case(90, "id-token-that-says-access", Code.CLAIM_MISSING, partial(id_token, token_use="access"))


CASES = tuple(cases())
