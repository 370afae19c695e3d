"""The issuer's keys over HTTP: fetched early, refreshed quietly, kept through outages, dropped when withdrawn."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
import time
from collections.abc import Callable

from services.shared.auth.encoding import decode_object
from services.shared.auth.errors import Code, TokenError
from services.shared.auth.fetch import DEADLINE, FetchError, fetch, key_url
from services.shared.auth.keys import Key, parse_key_set
from services.shared.auth.metrics import TALLY, Tally
from services.shared.auth.pacing import Backoff, TokenBucket, jitter

logger = logging.getLogger(__name__)

UNKNOWN_KID_WAIT = 2.0
"""Seconds that a token of an unknown key may wait for fresh keys."""
UNKNOWN_KID_BURST, UNKNOWN_KID_INTERVAL = 2, 10.0
FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 30.0
LONGEST_COLD_BACKOFF = 1.0
"""Without any key every request is refused, so the source is asked sooner."""


class RemoteKeys:
    """The key set at `url`, for all verifiers of a process. Times are seconds.

    After `soft_ttl` (give or take a tenth) it is fetched again in the background; while that fails, the keys at hand
    go on until `hard_ttl`. `monotonic` is the clock of all this. Works from any event loop: the keys belong to the
    process, a fetch to the loop that started it. ValueError when `url` may not be trusted with keys, or the limits
    are in no order.
    """

    def __init__(
        self,
        url: str,
        *,
        soft_ttl: float = 600,
        hard_ttl: float = 86400,
        monotonic: Callable[[], float] = time.monotonic,
        tally: Tally = TALLY,
    ) -> None:
        if not 0 < soft_ttl <= hard_ttl:
            raise ValueError(f"soft_ttl ({soft_ttl}) must be above 0, and hard_ttl ({hard_ttl}) no less")
        self._url = key_url(url)
        self._soft_ttl = soft_ttl
        self._hard_ttl = hard_ttl
        self._monotonic = monotonic
        self._tally = tally
        self._keys: dict[str, Key] = {}
        self._fetched_at: float | None = None
        self._hard_limit = math.inf
        self._due = math.inf
        self._backoff = Backoff(FIRST_BACKOFF)
        self._bucket = TokenBucket(UNKNOWN_KID_BURST, UNKNOWN_KID_INTERVAL)
        self._flight: asyncio.Task[None] | None = None
        self._timer: tuple[asyncio.AbstractEventLoop, asyncio.TimerHandle] | None = None
        tally.keys.add(self)

    @property
    def ready(self) -> bool:
        """Whether tokens can be verified now."""
        return bool(self._keys) and self._monotonic() < self._hard_limit

    @property
    def age(self) -> float | None:
        """Seconds since the set was fetched; None before the first time."""
        return None if self._fetched_at is None else self._monotonic() - self._fetched_at

    async def prefetch(self) -> None:
        """Have keys before the first token comes; TokenError `keys_unavailable` when there are none to be had."""
        self.keep_fresh()
        if not self._keys:
            await self._start_cold()

    async def close(self) -> None:
        """Stop refreshing in this event loop."""
        self._cancel_timer()
        flight = self._under_way()
        if flight is not None:
            flight.cancel()
            await asyncio.wait({flight})

    def get(self, kid: str) -> Key | None:
        """The key called `kid` of the set at hand."""
        return self._keys.get(kid)

    def keep_fresh(self) -> None:
        """Start what is due, and wait for nothing. Called for every token, so it costs one look at the clock."""
        now = self._monotonic()
        if now < self._due:
            return
        if now >= self._hard_limit:
            logger.error("the keys have not been refreshed for %d s and are no longer used", self._hard_ttl)
            self._replace({})
            self._hard_limit = math.inf
        self._refresh()

    async def look_again(self, kid: str) -> None:
        """Let fresh keys settle an unknown `kid`: wait UNKNOWN_KID_WAIT at most, and fetch no more than is allowed.

        TokenError `keys_unavailable` when there is no set at all.
        """
        if not self._keys:
            await self._start_cold()
            return
        until = time.monotonic() + UNKNOWN_KID_WAIT
        for _ in range(2):
            joined = self._under_way()
            if joined is None and not self._may_ask():
                return
            await asyncio.wait({joined or self._refresh()}, timeout=max(0.0, until - time.monotonic()))
            # A fetch that was under way may have missed a key published a moment ago; one of our own has not.
            if joined is None or kid in self._keys:
                return

    def _may_ask(self) -> bool:
        now = self._monotonic()
        return now >= self._backoff.until and self._bucket.take(now)

    async def _start_cold(self) -> None:
        flight = self._under_way()
        if flight is None and self._monotonic() >= self._backoff.until:
            flight = self._refresh()
        if flight is not None:
            await asyncio.wait({flight}, timeout=DEADLINE + 1)
        if not self._keys:
            pause = math.ceil(self._backoff.until - self._monotonic())
            raise TokenError(Code.KEYS_UNAVAILABLE, "there are no keys to check with", retry_after=max(1, pause))

    def _under_way(self) -> asyncio.Task[None] | None:
        """The fetch of this event loop, if any. One of another loop cannot be waited for, and may never end."""
        flight = self._flight
        if flight is None or flight.done() or flight.get_loop() is not asyncio.get_running_loop():
            return None
        return flight

    def _refresh(self) -> asyncio.Task[None]:
        """The one fetch under way. Nobody owns it, so nobody who stops waiting takes it down with them."""
        flight = self._under_way()
        if flight is None:
            self._due = min(self._monotonic() + DEADLINE + 1, self._hard_limit)
            flight = asyncio.get_running_loop().create_task(self._fetch(), context=contextvars.Context())
            self._flight = flight
        return flight

    async def _fetch(self) -> None:
        try:
            keys = parse_key_set(decode_object(await fetch(self._url)))
        except (FetchError, ValueError, RecursionError) as error:
            self._failed(error)
        except Exception as error:
            logger.exception("refreshing the keys failed in a way that nobody expected")
            self._failed(error)
        else:
            self._succeeded(keys)

    def _succeeded(self, keys: dict[str, Key]) -> None:
        self._tally.key_refreshes["ok"] += 1
        self._replace(keys)
        now = self._monotonic()
        self._fetched_at = now
        self._hard_limit = now + self._hard_ttl
        self._backoff.reset()
        self._schedule(now, self._soft_ttl * jitter(0.9, 1.1))

    def _failed(self, error: Exception) -> None:
        self._tally.key_refreshes["failed"] += 1
        now = self._monotonic()
        self._backoff.failed(now, LONGEST_BACKOFF if self._keys else LONGEST_COLD_BACKOFF)
        self._schedule(now, self._backoff.until - now)
        logger.warning("the keys could not be refreshed, %d are at hand: %s", len(self._keys), error)

    def _schedule(self, now: float, delay: float) -> None:
        """Refresh after `delay` even if no token comes: after a quiet hour a withdrawn key must be known as such."""
        self._due = min(now + delay, self._hard_limit)
        self._cancel_timer()
        loop = asyncio.get_running_loop()
        self._timer = loop, loop.call_later(delay, self._refresh, context=contextvars.Context())

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer[0] is asyncio.get_running_loop():
            self._timer[1].cancel()

    def _replace(self, keys: dict[str, Key]) -> None:
        """Swap the set. A key that stays keeps its object, one that goes dies with what leans on it."""
        kept = {}
        for kid, key in keys.items():
            old = self._keys.get(kid)
            kept[kid] = old if old is not None and old.numbers == key.numbers else key
        for kid, old in self._keys.items():
            old.live = kept.get(kid) is old
        self._keys = kept
