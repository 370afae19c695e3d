"""What the service asks of the pool in its own right: its rules, and its users on behalf of administrators."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.identity.cognito import Cognito
from services.identity.password_policy import PasswordPolicy
from services.identity.pool_errors import OF_ADMINISTRATION, PoolProblem
from services.shared.errors import not_found

NO_SUCH_USER = "UserNotFoundException"
POLICY_SECONDS = 300.0
MOST_GROUPS = 60
"""AdminListGroupsForUser gives no more at once; nobody here is in as many."""


@dataclass(frozen=True)
class Profile:
    """A user as the pool knows them."""

    sub: str
    email: str
    name: str
    enabled: bool = True


@dataclass(frozen=True)
class Lifetimes:
    """How long what the pool gives is good."""

    session: timedelta
    access_token: timedelta
    challenge: timedelta


class Directory:
    """The pool as its administrators see it."""

    def __init__(self, cognito: Cognito) -> None:
        self._cognito = cognito
        self._client = cognito.client
        self._pool = cognito.pool_id
        self._lifetimes: Lifetimes | None = None
        self._policy: PasswordPolicy | None = None
        self._policy_until = 0.0

    async def profile(self, username: str) -> Profile | None:
        """The user of this name or sub, if there is one."""
        try:
            answer = await self._cognito.call(
                lambda: self._client.admin_get_user(UserPoolId=self._pool, Username=username),
                OF_ADMINISTRATION,
                repeatable=True,
            )
        except PoolProblem as problem:
            if problem.exception == NO_SUCH_USER:
                return None
            raise
        attributes = {item["Name"]: item.get("Value", "") for item in answer["UserAttributes"]}
        return Profile(
            attributes["sub"], attributes.get("email", ""), attributes.get("name", ""), answer.get("Enabled", True)
        )

    async def groups(self, username: str) -> list[str]:
        """The names of the user's groups, sorted; none for somebody whom the pool does not know."""
        try:
            answer = await self._cognito.call(
                lambda: self._client.admin_list_groups_for_user(
                    UserPoolId=self._pool, Username=username, Limit=MOST_GROUPS
                ),
                OF_ADMINISTRATION,
                repeatable=True,
            )
        except PoolProblem as problem:
            if problem.exception == NO_SUCH_USER:
                return []
            raise
        return sorted(group["GroupName"] for group in answer["Groups"])

    async def disable(self, username: str) -> None:
        """Sign the user out everywhere and let them in no more; problem 404 when there is no such user."""
        await self._cognito.call(
            lambda: self._client.admin_disable_user(UserPoolId=self._pool, Username=username),
            OF_ADMINISTRATION,
            repeatable=True,
        )
        await self.sign_out_everywhere(username)

    async def enable(self, username: str) -> None:
        """Let the user in again; problem 404 when there is no such user."""
        await self._cognito.call(
            lambda: self._client.admin_enable_user(UserPoolId=self._pool, Username=username),
            OF_ADMINISTRATION,
            repeatable=True,
        )

    async def sign_out_everywhere(self, username: str) -> None:
        """End every session of the user."""
        await self._cognito.call(
            lambda: self._client.admin_user_global_sign_out(UserPoolId=self._pool, Username=username),
            OF_ADMINISTRATION,
            repeatable=True,
        )

    async def add_to_group(self, username: str, group: str) -> None:
        """Problem 404 when there is no such user or group."""
        await self._cognito.call(
            lambda: self._client.admin_add_user_to_group(UserPoolId=self._pool, Username=username, GroupName=group),
            _OF_GROUPS,
            repeatable=True,
        )

    async def remove_from_group(self, username: str, group: str) -> None:
        """Problem 404 when there is no such user or group."""
        await self._cognito.call(
            lambda: self._client.admin_remove_user_from_group(
                UserPoolId=self._pool, Username=username, GroupName=group
            ),
            _OF_GROUPS,
            repeatable=True,
        )

    async def lifetimes(self) -> Lifetimes:
        """How long tokens live; asked once."""
        if self._lifetimes is None:
            answer = await self._cognito.call(
                lambda: self._client.describe_user_pool_client(UserPoolId=self._pool, ClientId=self._cognito.client_id),
                OF_ADMINISTRATION,
                repeatable=True,
            )
            self._lifetimes = _lifetimes(answer["UserPoolClient"])
        return self._lifetimes

    async def password_policy(self) -> PasswordPolicy:
        """What the pool asks of a password; asked anew after five minutes, and the old one kept while that fails."""
        if self._policy is None or time.monotonic() >= self._policy_until:
            try:
                answer = await self._cognito.call(
                    lambda: self._client.describe_user_pool(UserPoolId=self._pool), OF_ADMINISTRATION, repeatable=True
                )
            except PoolProblem:
                if self._policy is None:
                    raise
            else:
                self._policy = PasswordPolicy.of(answer["UserPool"].get("Policies", {}).get("PasswordPolicy", {}))
                self._policy_until = time.monotonic() + POLICY_SECONDS
        return self._policy

    async def check(self) -> None:
        """A readiness check: once, the pool has known our app client. (A later outage of the pool is no reason to take
        this service away.)"""
        await self.lifetimes()


_OF_GROUPS = {
    **OF_ADMINISTRATION,
    "ResourceNotFoundException": lambda _: not_found("There is no such group."),
}


def _lifetimes(client: Mapping[str, Any]) -> Lifetimes:
    """The defaults are the pool's own (CreateUserPoolClient in the Cognito API reference)."""
    units = client.get("TokenValidityUnits", {})
    return Lifetimes(
        session=timedelta(**{units.get("RefreshToken", "days"): client.get("RefreshTokenValidity", 30)}),
        access_token=timedelta(**{units.get("AccessToken", "hours"): client.get("AccessTokenValidity", 1)}),
        challenge=timedelta(minutes=client.get("AuthSessionValidity", 3)),
    )
