"""Sign-outs that reach every service within seconds, without a call per request.

Tokens are verified offline, so one that was withdrawn stays good until it expires unless someone says otherwise.
Identity says so in a list, each service polls it; README.md tells why, and what the list looks like.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from services.shared.auth.encoding import decode_object
from services.shared.auth.fetch import fetch
from services.shared.auth.metrics import TALLY, Tally
from services.shared.auth.pacing import jitter

logger = logging.getLogger(__name__)

INTERVAL = 10.0
"""Seconds between polls. With one poll lost and DEADLINE for each, a sign-out still arrives within 30."""

MAX_LIST = 4 * 1024 * 1024
"""Bytes: some 80,000 sign-outs within the life of a token."""

Source = Callable[[], Awaitable[Mapping[str, int]]]
"""Returns {sub or origin_jti: seconds since the epoch before which its tokens no longer count}; raises if it cannot."""


class Revocations:
    """The list at hand. An instance is what `verifier` takes as `revoked`.

    While the source is down, the list at hand stays in force and nothing new is learned: tokens live for minutes, and
    refusing everybody because one service is down would be the larger harm. The age is a metric to alarm on.
    """

    def __init__(
        self,
        source: Source,
        *,
        interval: float = INTERVAL,
        monotonic: Callable[[], float] = time.monotonic,
        tally: Tally = TALLY,
    ) -> None:
        self._source = source
        self._interval = interval
        self._monotonic = monotonic
        self._tally = tally
        self._not_before: dict[str, int] = {}
        self._polled_at: float | None = None
        tally.revocations.add(self)

    def __call__(self, claims: Mapping[str, Any]) -> bool:
        """Whether a token of these verified claims was issued before its user, or its sign-in, was signed out."""
        not_before = self._not_before
        if not not_before:
            return False
        user, sign_in = claims["sub"], claims.get("origin_jti", "")
        return bool(claims["iat"] < max(not_before.get(user, 0), not_before.get(sign_in, 0)))

    @property
    def age(self) -> float | None:
        """Seconds since the list was fetched; None before the first time."""
        return None if self._polled_at is None else self._monotonic() - self._polled_at

    async def poll(self) -> bool:
        """Fetch the list now; whether that worked. A list that fails to come or is malformed never replaces one."""
        try:
            fresh = _checked(await self._source())
        except Exception as error:  # whatever the source raises: the list at hand goes on
            self._tally.revocation_refreshes["failed"] += 1
            logger.warning("the revocations could not be polled, %d are in force: %s", len(self._not_before), error)
            return False
        self._tally.revocation_refreshes["ok"] += 1
        self._not_before = fresh
        self._polled_at = self._monotonic()
        return True

    @asynccontextmanager
    async def polling(self) -> AsyncIterator[None]:
        """Keep polling, from now until the end of the block. The service need not wait for the first time."""
        task = asyncio.create_task(self._poll_forever())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _poll_forever(self) -> None:
        while True:
            await self.poll()
            await asyncio.sleep(self._interval * jitter(0.9, 1.0))


def revocations_at(url: str) -> Source:
    """The source that reads identity's list at `url`: {"revocations": {"<sub or origin_jti>": <not before>, ...}}."""

    async def source() -> Any:
        return decode_object(await fetch(url, max_body=MAX_LIST)).get("revocations")

    return source


def _checked(listed: object) -> dict[str, int]:
    if not isinstance(listed, Mapping):
        raise ValueError("the list is no object")
    for identifier, not_before in listed.items():
        if type(identifier) is not str or not identifier or type(not_before) is not int or not_before < 0:
            raise ValueError("a revocation is not an id with whole seconds since the epoch")
    return dict(listed)
