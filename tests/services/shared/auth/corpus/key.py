"""Families 20 to 39: talking the verifier into another key."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from services.shared.auth import Code
from tests.services.shared.auth.corpus.case import Case
from tests.services.shared.auth.issuer import (
    GONE,
    KID,
    OTHER_KID,
    encode,
    jwk_of,
    rsa_key,
    token,
)

UNKNOWN_KIDS = (
    (22, "path", "../../dev/null"),
    (23, "sql", "x' UNION SELECT 'secret' -- "),
    (24, "shell", "| touch /tmp/pwned"),
    (25, "nul", f"{KID}\0"),
    (26, "crlf", f"{KID}\r\nlevel=critical forged=1"),
    (27, "non-ascii", "ключ"),
    (27, "full-width", "\uff41\uff42\uff43"),
    (28, "case", KID.upper()),
    (28, "prefix", KID[:-1]),
    (28, "trailing-space", f"{KID} "),
    (29, "url", "https://attacker.example/jwks.json"),
    (32, "right-signature", "some-other-kid"),
)


JWK: Any = object()
"""Stands for the attacker's own key."""
EMBEDDED: tuple[tuple[int, str, dict[str, Any]], ...] = (
    (34, "jwk-right-kid", {"jwk": JWK}),
    (34, "jwk-no-kid", {"jwk": JWK, "kid": GONE}),
    (34, "jwk-unknown-kid", {"jwk": JWK, "kid": "attacker"}),
    (35, "jku", {"jku": "https://attacker.example/jwks.json", "kid": "attacker"}),
    (35, "jku-right-kid", {"jku": "https://attacker.example/jwks.json"}),
    (35, "x5u", {"x5u": "https://attacker.example/cert.pem"}),
    (36, "jku-file", {"jku": "file:///etc/passwd"}),
    (37, "x5c", {"x5c": [encode(b"certificate")]}),
    (37, "x5t", {"x5t": encode(bytes(20))}),
)


def attacked(header: dict[str, Any]) -> str:
    """A token signed by the attacker whose header brings the key along."""
    own = jwk_of(rsa_key("attacker"), "attacker")
    return token({name: own if value is JWK else value for name, value in header.items()}, key=rsa_key("attacker"))


def cases() -> Iterator[Case]:
    yield Case(20, "no-kid", Code.KID_MISSING, lambda: token({"kid": GONE}))
    for name, value in (
        ("null", None), ("number", 1), ("true", True), ("list", [KID]), ("object", {"kid": KID}), ("empty", ""),
    ):  # fmt: skip
        yield Case(21, name, Code.KID_MISSING, partial(token, {"kid": value}))
    for family, name, kid in UNKNOWN_KIDS:
        yield Case(family, name, Code.KID_UNKNOWN, partial(token, {"kid": kid}))
    yield Case(30, "100-kb", Code.TOKEN_TOO_LARGE, lambda: token({"kid": "k" * 100_000}))
    yield Case(31, "other-key-of-the-pool", Code.SIGNATURE_INVALID, lambda: token({"kid": OTHER_KID}))
    yield Case(33, "attacker-key-right-kid", Code.SIGNATURE_INVALID, lambda: token(key=rsa_key("attacker")))
    for family, name, header in EMBEDDED:
        yield Case(family, name, Code.HEADER_NOT_ALLOWED, partial(attacked, header))
    yield Case(38, "1024-bit-right-kid", Code.SIGNATURE_INVALID, lambda: token(key=rsa_key("weak", 1024)))
    foreign_issuer = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Foreign02"
    yield Case(
        39,
        "another-pool",
        Code.KID_UNKNOWN,
        lambda: token({"kid": "foreign"}, key=rsa_key("foreign"), iss=foreign_issuer),
    )


CASES = tuple(cases())
