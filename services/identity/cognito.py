"""Calls of the user pool: alone in knowing the app client's secret.

They run in threads, a bounded number at a time and for a bounded time. What may be repeated is, with jitter; what goes
wrong becomes a problem (pool_errors.py).
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import ipaddress
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import anyio
import anyio.to_thread
import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)

from services.identity.pool_errors import Meanings, PoolProblem, as_problem, provider_unavailable
from services.identity.settings import Settings
from services.shared.auth.pacing import jitter

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

    Client = CognitoIdentityProviderClient

AT_ONCE = 16
"""Calls at a time; more wait here for their turn."""
CONNECT_SECONDS, READ_SECONDS = 2.0, 5.0
DEADLINE = 12.0
"""Seconds for a call with its repetitions and its wait for a turn: well below what the gateway waits for us."""

ATTEMPTS = 3
FIRST_PAUSE = 0.15
"""Seconds at most before the second attempt, twice as long before each next one, each time a random part of it."""

NEVER_ARRIVED = (EndpointConnectionError, ConnectTimeoutError)
THROTTLED = frozenset({"TooManyRequestsException", "ThrottlingException"})
"""Neither has had any effect, so every call may be repeated after them."""
BROKE_DOWN = "InternalErrorException"

T = TypeVar("T")


class Cognito:
    """One pool through one confidential app client."""

    def __init__(self, settings: Settings) -> None:
        self.pool_id = settings.cognito_user_pool_id
        self.client_id = settings.cognito_client_id
        self.secret = settings.cognito_client_secret.get_secret_value()
        self.client = _connect(settings.aws_region)
        self._limiter: anyio.CapacityLimiter | None = None

    async def call(self, operation: Callable[[], T], meanings: Meanings, *, repeatable: bool = False) -> T:
        """The operation's result; PoolProblem for whatever else comes of it. `repeatable`: doing it twice, because
        the answer to the first time was lost, is as good as once."""
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._persist(operation, meanings, repeatable)
        except TimeoutError as error:
            raise PoolProblem("Timeout", provider_unavailable()) from error

    async def _persist(self, operation: Callable[[], T], meanings: Meanings, repeatable: bool) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._run(operation)
            except (ClientError, BotoCoreError) as error:
                if attempt == ATTEMPTS or not _worth_repeating(error, repeatable):
                    raise as_problem(error, meanings) from error
            await asyncio.sleep(FIRST_PAUSE * 2 ** (attempt - 1) * jitter(0.1, 1.0))
        raise AssertionError("the last attempt returns or raises")

    async def _run(self, operation: Callable[[], T]) -> T:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(AT_ONCE)
        return await anyio.to_thread.run_sync(operation, limiter=self._limiter, abandon_on_cancel=True)

    def as_client(self, username: str) -> dict[str, Any]:
        """The parameters by which the app client shows who it is."""
        return {"ClientId": self.client_id, "SecretHash": self.hash(username)}

    def hash(self, username: str) -> str:
        """Cognito's SECRET_HASH: HMAC-SHA256 of username and client id under the client's secret, base64."""
        digest = hmac.digest(self.secret.encode(), (username + self.client_id).encode(), "sha256")
        return base64.b64encode(digest).decode()


def user_context(address: str) -> Any:
    """The user's own address for the pool's threat protection, which would see ours otherwise."""
    try:
        return {"IpAddress": str(ipaddress.ip_address(address))}
    except ValueError:
        return {}


def _worth_repeating(error: ClientError | BotoCoreError, repeatable: bool) -> bool:
    if isinstance(error, ClientError):
        if error.response.get("Error", {}).get("Code") in THROTTLED:
            return True
        broke_down = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500
        return repeatable and (broke_down or error.response.get("Error", {}).get("Code") == BROKE_DOWN)
    return isinstance(error, NEVER_ARRIVED) or (repeatable and isinstance(error, HTTPClientError))


@cache
def _session() -> botocore.session.Session:
    """What has read the API's model, which takes a while. (boto3 would add resources on top, which nothing uses.)"""
    return botocore.session.get_session()


def _connect(region: str) -> Client:
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": 1},  # botocore repeats every call alike, and sleeps in our threads
        max_pool_connections=AT_ONCE,
    )
    client = _session().create_client("cognito-idp", region_name=region, config=config)
    return cast("Client", client)
