"""Asking AWS: what an error means, and which ones a second try may mend."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from scripts.delivery.verdicts import MEANINGS, DeliveryError, Verdict

T = TypeVar("T")

_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    SSOError,
    UnauthorizedSSOTokenError,
)
_CODES = (
    (Verdict.CREDENTIALS, r"Expired|UnrecognizedClient|InvalidClientTokenId|InvalidSignature|AuthFailure|InvalidToken"),
    (Verdict.THROTTLED, r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|Rate ?exceeded"),
    (Verdict.REFUSED, r"AccessDenied|UnauthorizedOperation|NotAuthorized"),
    (Verdict.LOST_CONNECTION, r"ServiceUnavailable|InternalError|InternalFailure|ServerException|RequestTimeout"),
)
_PASSING = (Verdict.THROTTLED, Verdict.LOST_CONNECTION)

_WORDS = (
    (
        Verdict.CREDENTIALS,
        r"ExpiredToken|security token included in the request is (?:expired|invalid)|[Nn]o valid credential"
        r"|NoCredentialProviders|[Uu]nable to locate credentials|InvalidClientTokenId"
        r"|failed to refresh cached credentials",
    ),
    (Verdict.THROTTLED, r"ThrottlingException|Throttling:|Rate exceeded|TooManyRequestsException|RequestLimitExceeded"),
    (Verdict.REFUSED, r"AccessDenied|is not authorized to perform|UnauthorizedOperation"),
    (
        Verdict.LOST_CONNECTION,
        r"dial tcp|connection refused|no such host|i/o timeout|connection reset"
        r"|TLS handshake timeout|network is unreachable",
    ),
)


def verdict_of(error: Exception) -> Verdict | None:
    """What an error of boto3 means for the whole delivery; None where it means nothing but itself."""
    if isinstance(error, _CREDENTIALS):
        return Verdict.CREDENTIALS
    if isinstance(error, ConnectionError | HTTPClientError):
        return Verdict.LOST_CONNECTION
    if isinstance(error, ClientError):
        code = error.response["Error"].get("Code", "")
        return next((verdict for verdict, pattern in _CODES if re.search(pattern, code)), None)
    return None


def verdict_in(text: str) -> Verdict | None:
    """The same, of what the Pulumi CLI or its providers wrote."""
    return next((verdict for verdict, pattern in _WORDS if re.search(pattern, text)), None)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long passing errors are borne (`lost_s` seconds in a row) and how long to pause between tries.

    `clock` and `sleep` are time's own, but for tests.
    """

    lost_s: float = 90
    pause_s: float = 5
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def ask(self, what: str, call: Callable[[], T]) -> T:
        """What `call` returns, tried again while the connection is lost or AWS throttles.

        Raises DeliveryError with the verdict and `what` was asked, when it is no use any more.
        """
        began, pause = self.clock(), self.pause_s
        while True:
            try:
                return call()
            except (ClientError, BotoCoreError) as error:
                verdict = verdict_of(error)
                if verdict is None:
                    raise
                if verdict not in _PASSING or self.clock() - began > self.lost_s:
                    raise DeliveryError(verdict, f"{what}: {MEANINGS[verdict]} ({error})") from error
            self.sleep(pause)
            pause = min(pause * 2, 30)


@dataclass(frozen=True)
class Clients:
    """The clients that a delivery asks, made when they are first needed; botocore retries by itself too."""

    region: str
    _config: Config = field(
        default_factory=lambda: Config(
            retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=30
        )
    )

    @cached_property
    def ecs(self) -> Any:
        """Services, tasks and task definitions."""
        return self._client("ecs")

    @cached_property
    def elbv2(self) -> Any:
        """The health of targets."""
        return self._client("elbv2")

    @cached_property
    def logs(self) -> Any:
        """What tasks wrote."""
        return self._client("logs")

    @cached_property
    def cloudwatch(self) -> Any:
        """Alarms."""
        return self._client("cloudwatch")

    def _client(self, service: str) -> Any:
        return boto3.client(service, region_name=self.region, config=self._config)  # type: ignore[call-overload]
