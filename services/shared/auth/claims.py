"""The claims of a Cognito token, held against one policy."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, get_args

from services.shared.auth.errors import Code, TokenError
from services.shared.auth.principal import Principal

TokenUse = Literal["access", "id"]
TOKEN_USES = get_args(TokenUse)

SKEW = 30
"""Seconds that the issuer's clock may be ahead of ours: for iat and nbf, never for exp."""
LONGEST_LIFE = 24 * 3600 + 300
"""Seconds: Cognito issues access and id tokens for a day at most."""


class ClaimRules:
    """One issuer, one set of clients, one kind of token: what a payload must say to be taken."""

    def __init__(self, issuer: str, clients: Collection[str], token_use: TokenUse) -> None:
        self._issuer = issuer
        self._clients = {client: client for client in clients}
        self._token_use = token_use
        # Cognito names the client in `client_id` of an access token and in `aud` of an id token.
        self._client, self._username = (
            ("client_id", "username") if token_use == "access" else ("aud", "cognito:username")  # noqa: S105 (a name)
        )
        self._texts = ("sub", self._username, "jti", "origin_jti", "event_id")

    def accept(self, claims: dict[str, Any], now: float) -> tuple[Principal, int]:
        """(whom the claims speak for, exp) at `now`, in seconds since the epoch; TokenError if they are not good.

        `claims` are frozen inside; the principal takes them over.
        """
        get = claims.get
        if get("iss") != self._issuer:
            raise _mismatch(claims, "iss", Code.ISSUER_MISMATCH)
        if get("token_use") != self._token_use:
            raise _mismatch(claims, "token_use", Code.TOKEN_USE_MISMATCH)
        client = get(self._client)
        if type(client) is not str or client not in self._clients:
            raise _mismatch(claims, self._client, Code.CLIENT_MISMATCH)
        expires = _check_times(claims, now)
        sub = get("sub")
        if sub is None:
            raise _missing("sub")
        for name in self._texts:
            text = get(name, "-")
            if type(text) is not str or not text:
                raise _invalid(name, "a non-empty string")
        for name in ("auth_time", "version"):
            if type(get(name, 0)) is not int:
                raise _invalid(name, "a whole number")
        scope = get("scope", "")
        if type(scope) is not str:
            raise _invalid("scope", "a string")
        groups = _groups(claims) if "cognito:groups" in claims else _NO_GROUPS
        # One copy of what all tokens of a policy share takes a tenth off the cache's memory.
        claims["iss"], claims["token_use"], claims[self._client] = self._issuer, self._token_use, self._clients[client]
        return Principal(sub, get(self._username), groups, _scopes(scope), MappingProxyType(claims)), expires


_NO_GROUPS: frozenset[str] = frozenset()


def _check_times(claims: dict[str, Any], now: float) -> int:
    expires, issued, starts = claims.get("exp"), claims.get("iat"), claims.get("nbf", 1)
    if type(expires) is not int or type(issued) is not int or type(starts) is not int:
        raise _no_date(claims)
    if expires < 1 or issued < 1 or starts < 1:
        raise _no_date(claims)
    if expires <= now:
        raise TokenError(Code.TOKEN_EXPIRED, "exp has passed")
    if expires > now + LONGEST_LIFE:
        raise TokenError(Code.CLAIM_INVALID, "exp is further ahead than any token lives")
    if issued > expires:
        raise TokenError(Code.CLAIM_INVALID, "iat is after exp")
    if issued > now + SKEW or starts > now + SKEW:
        raise TokenError(Code.TOKEN_NOT_YET_VALID, "iat or nbf is ahead")
    return expires


def _groups(claims: dict[str, Any]) -> frozenset[str]:
    groups = claims["cognito:groups"]
    if type(groups) is not tuple:
        raise _invalid("cognito:groups", "a list")
    for name in groups:
        if type(name) is not str or not name:
            raise _invalid("cognito:groups", "a list of non-empty strings")
    return frozenset(groups)


@lru_cache(maxsize=64)
def _scopes(scope: str) -> frozenset[str]:
    """The names in a scope claim, which spaces alone divide (RFC 6749 section 3.3)."""
    return frozenset(name for name in scope.split(" ") if name)


def _missing(name: str) -> TokenError:
    return TokenError(Code.CLAIM_MISSING, f"there is no {name}")


def _invalid(name: str, expected: str) -> TokenError:
    return TokenError(Code.CLAIM_INVALID, f"{name} is not {expected}")


def _mismatch(claims: dict[str, Any], name: str, code: Code) -> TokenError:
    return _missing(name) if claims.get(name) is None else TokenError(code, f"{name} is not what this service takes")


def _no_date(claims: dict[str, Any]) -> TokenError:
    for name in ("exp", "iat"):
        if claims.get(name) is None:
            return _missing(name)
    return TokenError(Code.CLAIM_INVALID, "exp, iat or nbf is not a whole number of seconds since the epoch")
