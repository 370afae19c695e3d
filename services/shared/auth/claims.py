"""The claims of a Cognito token, held against one policy."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any, Literal

from services.shared.auth.errors import Code, TokenError
from services.shared.auth.principal import Principal, freeze_claims

TokenUse = Literal["access", "id"]

SKEW = 30
"""Seconds that the issuer's clock may be ahead of ours: for iat and nbf, never for exp."""
LONGEST_LIFE = 24 * 3600 + 300
"""Seconds: Cognito issues access and id tokens for a day at most."""
LATEST_DATE = 253_402_300_799
"""9999-12-31T23:59:59Z: a larger NumericDate is no date."""


class ClaimRules:
    """One issuer, one set of clients, one kind of token: what a payload must say to be taken."""

    def __init__(self, issuer: str, clients: Collection[str], token_use: TokenUse) -> None:
        self._issuer = issuer
        self._clients = frozenset(clients)
        self._token_use = token_use
        # Cognito names the client in `client_id` of an access token and in `aud` of an id token.
        self._client_claim, self._username_claim = (
            ("client_id", "username") if token_use == "access" else ("aud", "cognito:username")  # noqa: S105
        )

    def principal(self, claims: dict[str, Any], now: float) -> tuple[Principal, int]:
        """(who the claims speak for, their exp) at `now`, in seconds since the epoch; TokenError otherwise.

        Takes `claims` over.
        """
        _exactly(claims, "iss", self._issuer, Code.ISSUER_MISMATCH)
        _exactly(claims, "token_use", self._token_use, Code.TOKEN_USE_MISMATCH)
        client = _required(claims, self._client_claim)
        if type(client) is not str or client not in self._clients:
            raise TokenError(Code.CLIENT_MISMATCH, f"{self._client_claim} names another client")
        expires = _check_times(claims, now)
        sub = _required(claims, "sub")
        if type(sub) is not str or not sub:
            raise _invalid("sub", "a non-empty string")
        username = _text(claims, self._username_claim)
        _text(claims, "jti")
        _text(claims, "origin_jti")
        scopes, groups = _scopes(claims), _groups(claims)
        try:
            frozen = freeze_claims(claims)
        except ValueError:
            raise TokenError(Code.TOKEN_MALFORMED, "claims are nested too deeply") from None
        return Principal(sub, username, groups, scopes, frozen), expires


def _required(claims: dict[str, Any], name: str) -> Any:
    value = claims.get(name)
    if value is None:
        raise TokenError(Code.CLAIM_MISSING, f"there is no {name}")
    return value


def _exactly(claims: dict[str, Any], name: str, expected: str, code: Code) -> None:
    value = _required(claims, name)
    if type(value) is not str or value != expected:
        raise TokenError(code, f"{name} is not what this service takes")


def _invalid(name: str, expected: str) -> TokenError:
    return TokenError(Code.CLAIM_INVALID, f"{name} is not {expected}")


def _check_times(claims: dict[str, Any], now: float) -> int:
    expires, issued = _date(claims, "exp"), _date(claims, "iat")
    if expires <= now:
        raise TokenError(Code.TOKEN_EXPIRED, "exp has passed")
    if expires - now > LONGEST_LIFE:
        raise TokenError(Code.CLAIM_INVALID, "exp is further ahead than any token lives")
    if issued > expires:
        raise TokenError(Code.CLAIM_INVALID, "iat is after exp")
    if issued > now + SKEW:
        raise TokenError(Code.TOKEN_NOT_YET_VALID, "iat is ahead")
    if "nbf" in claims and _date(claims, "nbf") > now + SKEW:
        raise TokenError(Code.TOKEN_NOT_YET_VALID, "nbf is ahead")
    return expires


def _date(claims: dict[str, Any], name: str) -> int:
    value = _required(claims, name)
    if type(value) is not int or not 0 < value <= LATEST_DATE:
        raise _invalid(name, "a whole number of seconds")
    return value


def _text(claims: dict[str, Any], name: str) -> str | None:
    if name not in claims:
        return None
    value = claims[name]
    if type(value) is not str or not value:
        raise _invalid(name, "a non-empty string")
    return value


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    if "scope" not in claims:
        return frozenset()
    value = claims["scope"]
    if type(value) is not str:
        raise _invalid("scope", "a string")
    return _split(value)


@lru_cache(maxsize=64)
def _split(scope: str) -> frozenset[str]:
    return frozenset(name for name in scope.split(" ") if name)


def _groups(claims: dict[str, Any]) -> frozenset[str]:
    if "cognito:groups" not in claims:
        return frozenset()
    value = claims["cognito:groups"]
    if type(value) is not list or not all(type(name) is str and name for name in value):
        raise _invalid("cognito:groups", "a list of non-empty strings")
    return _shared(frozenset(value))


@lru_cache(maxsize=64)
def _shared(names: frozenset[str]) -> frozenset[str]:
    return names
