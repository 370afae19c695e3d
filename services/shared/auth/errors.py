"""Every way in which a request can be refused, as one closed list of codes."""

from __future__ import annotations

from enum import StrEnum

from services.shared.errors import Problem

REALM = "sri"


class Code(StrEnum):
    """The stable `code` of a refusal: in problem bodies, metrics and logs."""

    TOKEN_MISSING = "token_missing"  # noqa: S105 (a name; so are those below)
    TOKEN_TOO_LARGE = "token_too_large"  # noqa: S105
    TOKEN_MALFORMED = "token_malformed"  # noqa: S105
    ALG_NOT_ALLOWED = "alg_not_allowed"
    HEADER_NOT_ALLOWED = "header_not_allowed"
    KID_MISSING = "kid_missing"
    KID_UNKNOWN = "kid_unknown"
    SIGNATURE_INVALID = "signature_invalid"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    TOKEN_NOT_YET_VALID = "token_not_yet_valid"  # noqa: S105
    ISSUER_MISMATCH = "issuer_mismatch"
    TOKEN_USE_MISMATCH = "token_use_mismatch"  # noqa: S105
    CLIENT_MISMATCH = "client_mismatch"
    CLAIM_MISSING = "claim_missing"
    CLAIM_INVALID = "claim_invalid"
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    INSUFFICIENT_SCOPE = "insufficient_scope"
    INSUFFICIENT_GROUP = "insufficient_group"
    INVALID_REQUEST = "invalid_request"
    KEYS_UNAVAILABLE = "keys_unavailable"


_STATUS = {
    Code.INVALID_REQUEST: 400,
    Code.INSUFFICIENT_SCOPE: 403,
    Code.INSUFFICIENT_GROUP: 403,
    Code.KEYS_UNAVAILABLE: 503,
}
_DETAIL = {
    Code.TOKEN_MISSING: "This needs an access token: send it as `Authorization: Bearer <token>`.",
    Code.TOKEN_EXPIRED: "The access token has expired: get a new one.",
    Code.TOKEN_REVOKED: "The access token has been withdrawn: sign in again.",
    Code.INSUFFICIENT_SCOPE: "The access token lacks a scope that this needs.",
    Code.INSUFFICIENT_GROUP: "This is for members of a group that you are not in.",
    Code.INVALID_REQUEST: "The request has more than one Authorization header.",
    Code.KEYS_UNAVAILABLE: "Access tokens cannot be checked right now: try again shortly.",
}
_OTHER_DETAIL = "The access token is not valid here."


class TokenError(Problem):
    """A refusal: `code` for clients and metrics, `reason` for logs only; neither ever quotes the token.

    As an answer it carries what RFC 6750 section 3 asks for: `scope` is what a 403 names, `retry_after` the whole
    seconds after which a 503 is worth another try.
    """

    def __init__(self, code: Code, reason: str = "", *, scope: str = "", retry_after: int = 1) -> None:
        status = _STATUS.get(code, 401)
        super().__init__(status, code, _DETAIL.get(code, _OTHER_DETAIL))
        self.code: Code = code
        self.reason = reason
        self.headers = (
            {"retry-after": str(retry_after)} if status == 503 else {"www-authenticate": _challenge(code, scope)}
        )

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}" if self.reason else str(self.code)


class UnknownKidError(TokenError):
    """A well-formed token of a key that is not in the set: the one refusal that fresh keys may turn around."""

    def __init__(self, kid: str) -> None:
        super().__init__(Code.KID_UNKNOWN, "the issuer has no key of this kid")
        self.kid = kid


def _challenge(code: Code, scope: str) -> str:
    """The WWW-Authenticate value. A request without a token is told no error (RFC 6750 section 3.1)."""
    challenge = f'Bearer realm="{REALM}"'
    if code is Code.TOKEN_MISSING:
        return challenge
    if code is Code.INVALID_REQUEST:
        return f'{challenge}, error="invalid_request"'
    if code in (Code.INSUFFICIENT_SCOPE, Code.INSUFFICIENT_GROUP):
        return f'{challenge}, error="insufficient_scope"' + (f', scope="{scope}"' if scope else "")
    return f'{challenge}, error="invalid_token"'
