"""The JOSE header: three members, one algorithm, and a kid that is looked up, never trusted."""

from __future__ import annotations

from typing import Any

from services.shared.auth.encoding import DuplicateMemberError, decode_base64url, decode_object
from services.shared.auth.errors import Code, TokenError

ALGORITHM = "RS256"
_MEMBERS = frozenset({"alg", "kid", "typ"})
_TYPES = ("JWT", "at+jwt")


def kid_of(segment: bytes) -> str:
    """The key id in an encoded header; TokenError when the header holds anything that is not expected.

    Members beyond alg, kid and typ are refused, not ignored: each of crit, b64, zip, jwk, jku, x5u and x5c has
    been an attack (RFC 8725 sections 3.6 and 3.10; RFC 7515 section 4.1.11).
    """
    header = _parse(segment)
    if header.get("alg") != ALGORITHM:
        raise TokenError(Code.ALG_NOT_ALLOWED, f"alg is not {ALGORITHM}")
    if not header.keys() <= _MEMBERS:
        raise TokenError(Code.HEADER_NOT_ALLOWED, "the header has a member other than alg, kid and typ")
    if "typ" in header and header["typ"] not in _TYPES:
        raise TokenError(Code.HEADER_NOT_ALLOWED, "typ is neither JWT nor at+jwt")
    kid = header.get("kid")
    if type(kid) is not str or not kid:
        raise TokenError(Code.KID_MISSING, "kid is not a non-empty string")
    return kid


def _parse(segment: bytes) -> dict[str, Any]:
    try:
        return decode_object(decode_base64url(segment))
    except DuplicateMemberError as error:
        code = Code.ALG_NOT_ALLOWED if error.name == "alg" else Code.HEADER_NOT_ALLOWED
        raise TokenError(code, "a member of the header is repeated") from None
    except (ValueError, RecursionError):
        raise TokenError(Code.TOKEN_MALFORMED, "the header is not base64url of a JSON object") from None
