"""What routes ask of the principal. These read what the middleware left and check nothing about the token."""

from __future__ import annotations

import re

from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from services.shared.auth.errors import Code, TokenError
from services.shared.auth.principal import Principal

_SCOPE = re.compile(r"[!#-\[\]-~]+")


class CurrentUser(SecurityBase):
    """Dependency: the Principal of the request. A security scheme too, so that the OpenAPI document tells."""

    scheme_name = "access_token"
    model = HTTPBearer(bearerFormat="JWT")

    async def __call__(self, connection: HTTPConnection) -> Principal:
        """The principal; TokenError `token_missing` on an open path, where nobody was asked for a token."""
        principal = connection.scope.get("principal")
        if not isinstance(principal, Principal):
            raise TokenError(Code.TOKEN_MISSING, "the path is open, yet the route asks for a principal")
        return principal


current_user = CurrentUser()


class _RequireGroup(CurrentUser):
    def __init__(self, groups: frozenset[str]) -> None:
        self._groups = groups

    async def __call__(self, connection: HTTPConnection) -> Principal:
        principal = await super().__call__(connection)
        if self._groups.isdisjoint(principal.groups):
            raise TokenError(Code.INSUFFICIENT_GROUP)
        return principal


class _RequireScope(CurrentUser):
    def __init__(self, scopes: frozenset[str]) -> None:
        self._scopes = scopes
        self._asked = " ".join(sorted(scopes))

    async def __call__(self, connection: HTTPConnection) -> Principal:
        principal = await super().__call__(connection)
        if not self._scopes <= principal.scopes:
            raise TokenError(Code.INSUFFICIENT_SCOPE, scope=self._asked)
        return principal


def require_group(group: str, *others: str) -> CurrentUser:
    """Dependency: the Principal, a member of at least one of these groups; TokenError `insufficient_group` (403)."""
    return _RequireGroup(frozenset({group, *others}))


def require_scope(scope: str, *others: str) -> CurrentUser:
    """Dependency: the Principal, granted all of these scopes; TokenError `insufficient_scope` (403).

    ValueError for a name that no scope can have (RFC 6749 section 3.3): the refusal quotes it in a header.
    """
    scopes = frozenset({scope, *others})
    for name in scopes:
        if not _SCOPE.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a scope")
    return _RequireScope(scopes)
