"""Families 73 to 79: headers that the issuer has signed and that change what a token means."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from services.shared.auth import Code
from tests.services.shared.auth.corpus.case import Case
from tests.services.shared.auth.issuer import KID, compact, good_claims, sign, token


def headers() -> Iterator[tuple[int, str, dict[str, Any]]]:
    for name, value in (
        ("unknown", ["x"]), ("missing-member", ["exp"]), ("empty", []), ("string", "exp"), ("registered", ["alg"]),
        ("null", None),
    ):  # fmt: skip
        yield 73, f"crit-{name}", {"crit": value}
    yield 73, "crit-present-member", {"crit": ["x"], "x": 1}
    yield 74, "b64-false", {"b64": False}
    yield 74, "b64-false-crit", {"b64": False, "crit": ["b64"]}
    yield 74, "b64-true", {"b64": True}
    yield 75, "zip", {"zip": "DEF"}
    yield 75, "enc", {"enc": "A128GCM"}
    yield 76, "p2c", {"p2c": 2_000_000_000}
    yield 77, "cty", {"cty": "JWT"}
    for typ in ("logout+jwt", "secevent+jwt", "dpop+jwt", "jwt ", "", 1, None, ["JWT"], {"JWT": 1}):
        yield 78, f"typ-{typ!r}".replace("'", ""), {"typ": typ}


def cases() -> Iterator[Case]:
    for family, name, header in headers():
        yield Case(family, name, Code.HEADER_NOT_ALLOWED, partial(token, header))
    for name, first, second in (("same", KID, KID), ("attacker-first", "x", KID), ("attacker-last", KID, "x")):
        raw = f'{{"alg":"RS256","kid":"{first}","kid":"{second}"}}'.encode()
        yield Case(79, f"kid-twice-{name}", Code.HEADER_NOT_ALLOWED, partial(sign, raw, compact(good_claims())))


CASES = tuple(cases())
