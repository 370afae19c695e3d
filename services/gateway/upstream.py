"""One service as the gateway sees it: connections, second tries, and a breaker."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from services.gateway.answer import BrokenAnswerError
from services.gateway.breaker import Breaker
from services.gateway.pool import Pool, UnreachableError
from services.gateway.wire import Connection, Deadlines
from services.shared.errors import Problem, unavailable
from services.shared.metrics import Durations

IDEMPOTENT = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT"})
"""RFC 9110, 9.2.2: sent twice, they do what they do once."""
MAX_BUSY = 1024
"""Requests to one service at a time, those that wait for it to come back included."""
RETURN_SECONDS = 0.05
RETRY_AFTER = 1
"""Seconds. An open breaker lets a trial through as often."""
UNAVAILABLE = "The service behind this path cannot be reached. Try again shortly."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outgoing:
    """A request as it is sent. `content`: its bytes so far; `pump`: sends the rest of its body as it comes from the
    client, if there is more. `repeatable`: it may be sent twice. `patient`: it waits for a service that restarts."""

    method: str
    content: bytes
    pump: Callable[[Connection], Awaitable[None]] | None
    repeatable: bool
    patient: bool = True


class Upstream:
    """The service `name` at `url`."""

    def __init__(self, name: str, url: str, deadlines: Deadlines) -> None:
        self.name = name
        self.pool = Pool(url, deadlines)
        self.breaker = Breaker()
        self.outcomes: Counter[str] = Counter()
        """Requests by how they ended: answered, unreachable, broken, timeout; refused unsent by the breaker or for
        their number."""
        self.durations = Durations()
        self.retries = 0
        self.deadlines = deadlines
        self._return: asyncio.Task[None] | None = None
        self.waiting = 0
        """Requests that wait for it to come back."""

    async def ask(self, request: Outgoing) -> Connection:
        """Send the request, again if need be; the connection has the answer's head, and has to be given back.

        Problems: 503 `upstream_unavailable` (nobody there), 502 `upstream_failed` (broke off before its answer),
        504 `upstream_timeout`.
        """
        self._admit()
        began = asyncio.get_running_loop().time()
        try:
            connection = await self._answered(request, began)
        except (UnreachableError, BrokenAnswerError, TimeoutError) as error:
            raise self.failed(error) from error
        self.answered(asyncio.get_running_loop().time() - began)
        return connection

    def kept(self) -> Connection | None:
        """A connection that a request can be sent on right now; None when that takes more, or may not be."""
        return None if self.breaker.is_open or self._is_full() else self.pool.take()

    def answered(self, seconds: float) -> None:
        """Count a request that got an answer, whatever it said, so long after it was sent."""
        self.breaker.succeeded()
        self.outcomes["answered"] += 1
        self.durations.add(seconds)

    def close(self) -> None:
        """Close its connections."""
        if self._return is not None:
            self._return.cancel()
        self.pool.close()

    def _admit(self) -> None:
        if not self.breaker.admits():
            self.outcomes["refused"] += 1
            raise unavailable("upstream_unavailable", UNAVAILABLE, retry_after=RETRY_AFTER)
        if self._is_full():
            self.outcomes["refused"] += 1
            detail = "Too many requests wait for the service behind this path. Try again shortly."
            raise unavailable("upstream_busy", detail, retry_after=RETRY_AFTER)

    def _is_full(self) -> bool:
        return self.pool.busy + self.waiting >= MAX_BUSY

    async def _answered(self, request: Outgoing, began: float) -> Connection:
        until = began + self.deadlines.total
        patience = self.deadlines.patience if request.patient else 0.0
        connection = self.pool.take() or await self._connected(began, patience)
        for last in (False, False, True):
            try:
                await _exchanged(connection, request, until)
                return connection
            except BaseException as error:
                self.pool.give_back(connection)
                if last or not isinstance(error, BrokenAnswerError) or not request.repeatable:
                    raise
            self.retries += 1
            # Other kept connections may have been lost with this one.
            connection = await self._connected(began, patience)
        raise AssertionError("the last try returns or raises")

    async def _connected(self, began: float, patience: float) -> Connection:
        """A new connection. A service that takes none is waited for, as it may only be restarting; not so while the
        breaker is open."""
        try:
            return await self.pool.connect()
        except UnreachableError:
            if patience <= 0 or self.breaker.is_open:
                raise
        self.waiting += 1
        try:
            return await self._connected_later(began + patience)
        finally:
            self.waiting -= 1

    async def _connected_later(self, until: float) -> Connection:
        loop = asyncio.get_running_loop()
        while True:
            # One of those who wait tries for all of them.
            if self._return is None or self._return.done():
                self._return = asyncio.create_task(self._returned())
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await asyncio.shield(self._return)
            try:
                return self.pool.take() or await self.pool.connect()
            except UnreachableError:
                if loop.time() >= until:
                    raise

    async def _returned(self) -> None:
        while self.waiting:
            await asyncio.sleep(RETURN_SECONDS)
            with suppress(UnreachableError):
                self.pool.add(await self.pool.connect())
                return

    def failed(self, error: Exception) -> Problem:
        """Count a request that got none, and say what its client is told."""
        self.breaker.failed()
        log.warning("upstream failure", extra={"upstream": self.name, "reason": f"{type(error).__name__}: {error}"})
        if isinstance(error, UnreachableError):
            self.outcomes["unreachable"] += 1
            return unavailable("upstream_unavailable", UNAVAILABLE, retry_after=RETRY_AFTER)
        if isinstance(error, TimeoutError):
            self.outcomes["timeout"] += 1
            return Problem(504, "upstream_timeout", "The service behind this path took too long.")
        self.outcomes["broken"] += 1
        return Problem(502, "upstream_failed", "The service behind this path broke off its answer.")


async def _exchanged(connection: Connection, request: Outgoing, until: float) -> None:
    """Send the request on the connection, until the answer begins."""
    connection.start(request.content, is_head=request.method == "HEAD", until=until, more=request.pump is not None)
    if request.pump is None:
        await connection.answered()
        return
    upload = asyncio.ensure_future(request.pump(connection))
    answer = asyncio.ensure_future(connection.answered())
    try:
        await asyncio.wait({upload, answer}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            await upload
        await answer  # which may come first: then the service does not want the rest
    finally:
        for task in (upload, answer):
            task.cancel()
        await asyncio.gather(upload, answer, return_exceptions=True)
