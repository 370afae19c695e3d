"""The user pool, as far as this service uses it: alone in knowing the app client's secret.

Calls run in threads, a bounded number at a time. What goes wrong becomes a problem in pool_errors.py.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

import anyio
import anyio.to_thread
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from services.identity.pool_errors import as_problem, code_mismatch, error_code
from services.identity.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

    Client = CognitoIdentityProviderClient

AT_ONCE = 16
"""Calls at a time; more wait here for their turn."""

ALREADY_EXISTS = "UsernameExistsException"
NO_SUCH_USER = "UserNotFoundException"
NOBODY_WAITS = {NO_SUCH_USER, "NotAuthorizedException"}

T = TypeVar("T")


@dataclass(frozen=True)
class Tokens:
    """What a sign-in or a refresh gives; `refresh_token` is "" when the old one goes on. `expires_in` in seconds."""

    access_token: str
    id_token: str
    refresh_token: str
    expires_in: int


@dataclass(frozen=True)
class Challenge:
    """A further step that the pool asks for before it signs the user in."""

    name: str
    session: str


@dataclass(frozen=True)
class Profile:
    """A user as the pool knows them."""

    sub: str
    email: str
    name: str


class UserPool:
    """One pool through one confidential app client."""

    def __init__(self, settings: Settings) -> None:
        self._id = settings.cognito_user_pool_id
        self._client_id = settings.cognito_client_id
        self._secret = settings.cognito_client_secret.get_secret_value()
        self._client = _connect(settings.aws_region)
        self._limiter: anyio.CapacityLimiter | None = None
        self._lifetime: timedelta | None = None

    async def sign_up(self, email: str, password: str, name: str, address: str) -> bool:
        """Make a user, whom the pool mails a code; whether they are confirmed already.

        The same answer for an address that has a user: nobody learns here who has an account.
        """

        def call() -> bool:
            answer = self._client.sign_up(
                **self._as_client(email),
                Username=email,
                Password=password,
                UserAttributes=[{"Name": "email", "Value": email}, {"Name": "name", "Value": name}],
                UserContextData=_context(address),
            )
            return answer["UserConfirmed"]

        try:
            return await self._run(call)
        except ClientError as error:
            if error_code(error) == ALREADY_EXISTS:
                return False
            raise as_problem(error) from error

    async def confirm(self, email: str, code: str, address: str) -> None:
        """Confirm the address by the code that was mailed to it; problem `code_mismatch` for any other code, for one
        that is too old and for an address that waits for none."""

        def call() -> None:
            self._client.confirm_sign_up(
                **self._as_client(email), Username=email, ConfirmationCode=code, UserContextData=_context(address)
            )

        try:
            await self._run(call)
        except ClientError as error:
            raise (code_mismatch() if error_code(error) in NOBODY_WAITS else as_problem(error)) from error

    async def resend_code(self, email: str, address: str) -> None:
        """Mail another code."""
        await self._call(
            lambda: self._client.resend_confirmation_code(
                **self._as_client(email), Username=email, UserContextData=_context(address)
            )
        )

    async def sign_in(self, email: str, password: str, address: str) -> Tokens | Challenge:
        """Check the password. Problem 401 `invalid_credentials` for a wrong one, an unknown, an unconfirmed and a
        disabled user alike: to tell them apart is to tell who has an account.
        """
        answer: Mapping[str, Any] = await self._call(
            lambda: self._client.initiate_auth(
                ClientId=self._client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": email, "PASSWORD": password, "SECRET_HASH": self._hash(email)},
                UserContextData=_context(address),
            )
        )
        if answer.get("ChallengeName"):
            return Challenge(answer["ChallengeName"], answer["Session"])
        return _tokens(answer["AuthenticationResult"])

    async def refresh(self, refresh_token: str) -> Tokens:
        """New tokens. The one operation that goes with rotation of refresh tokens and without (RefreshTokenRotationType
        in the Cognito API reference). Problem 401 `invalid_credentials` when the session is over."""
        answer = await self._call(
            lambda: self._client.get_tokens_from_refresh_token(
                ClientId=self._client_id, ClientSecret=self._secret, RefreshToken=refresh_token
            )
        )
        return _tokens(answer["AuthenticationResult"])

    async def revoke(self, refresh_token: str) -> None:
        """End the session of this refresh token."""
        await self._call(
            lambda: self._client.revoke_token(ClientId=self._client_id, ClientSecret=self._secret, Token=refresh_token)
        )

    async def sign_out_everywhere(self, access_token: str) -> None:
        """End every session of the token's user."""
        await self._call(lambda: self._client.global_sign_out(AccessToken=access_token))

    async def profile(self, username: str) -> Profile | None:
        """The user of this name or sub, if there is one."""
        try:
            answer = await self._run(lambda: self._client.admin_get_user(UserPoolId=self._id, Username=username))
        except ClientError as error:
            if error_code(error) == NO_SUCH_USER:
                return None
            raise as_problem(error) from error
        attributes = {item["Name"]: item.get("Value", "") for item in answer["UserAttributes"]}
        return Profile(attributes["sub"], attributes.get("email", ""), attributes.get("name", ""))

    async def groups(self, username: str) -> list[str]:
        """The names of the user's groups, sorted; none for somebody whom the pool does not know."""
        try:
            answer = await self._run(
                lambda: self._client.admin_list_groups_for_user(UserPoolId=self._id, Username=username, Limit=60)
            )
        except ClientError as error:
            if error_code(error) == NO_SUCH_USER:
                return []
            raise as_problem(error) from error
        return sorted(group["GroupName"] for group in answer["Groups"])

    async def session_lifetime(self) -> timedelta:
        """How long a refresh token lives; asked once."""
        if self._lifetime is None:
            answer = await self._call(
                lambda: self._client.describe_user_pool_client(UserPoolId=self._id, ClientId=self._client_id)
            )
            client = answer["UserPoolClient"]
            unit = client.get("TokenValidityUnits", {}).get("RefreshToken", "days")
            self._lifetime = timedelta(**{unit: client.get("RefreshTokenValidity", 30)})
        return self._lifetime

    async def check(self) -> None:
        """A readiness check: once, the pool has known our app client. (A later outage of the pool is no reason to take
        this service away.)"""
        await self.session_lifetime()

    async def _call(self, call: Callable[[], T]) -> T:
        try:
            return await self._run(call)
        except ClientError as error:
            raise as_problem(error) from error

    async def _run(self, call: Callable[[], T]) -> T:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(AT_ONCE)
        try:
            return await anyio.to_thread.run_sync(call, limiter=self._limiter, abandon_on_cancel=True)
        except BotoCoreError as error:
            raise as_problem(error) from error

    def _as_client(self, username: str) -> dict[str, Any]:
        return {"ClientId": self._client_id, "SecretHash": self._hash(username)}

    def _hash(self, username: str) -> str:
        """Cognito's SECRET_HASH: HMAC-SHA256 of username and client id under the client's secret, base64."""
        digest = hmac.digest(self._secret.encode(), (username + self._client_id).encode(), "sha256")
        return base64.b64encode(digest).decode()


def _connect(region: str) -> Client:
    config = Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=AT_ONCE,
    )
    # boto3 would add a session of resources on top, which nothing here uses.
    client = botocore.session.get_session().create_client("cognito-idp", region_name=region, config=config)
    return cast("Client", client)


def _tokens(result: Mapping[str, Any]) -> Tokens:
    return Tokens(result["AccessToken"], result["IdToken"], result.get("RefreshToken", ""), result["ExpiresIn"])


def _context(address: str) -> Any:
    """The user's own address for the pool's threat protection, which would see ours otherwise."""
    try:
        return {"IpAddress": str(ipaddress.ip_address(address))}
    except ValueError:
        return {}
