"""One HTTP/1.1 connection to a service, which is read as it streams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools

from services.gateway.answer import Answer, BrokenAnswerError
from services.shared.transport import Together

HIGH_WATER = 256 * 1024
"""Bytes of an answer that wait for a slow client before the service is asked to pause."""
MAX_HEAD = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """Seconds: until a connection stands, of silence by the service, and for the whole of a request with its retries.
    `patience`: how long a request waits for a service that takes no connections, as while it restarts."""

    connect: float = 1.0
    read: float = 10.0
    total: float = 30.0
    patience: float = 10.0


class Connection(Answer, asyncio.Protocol):
    """One exchange at a time: `start`, then `answered`, then `more` until it gives nothing.

    Whatever breaks it raises from these: BrokenAnswerError, or TimeoutError when the service was silent for `read`
    seconds or `until` has come. A connection that is not `reusable` after the exchange has to be closed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, read_seconds: float) -> None:
        super().__init__()
        self._loop = loop
        self._read_seconds = read_seconds
        self._transport: Together | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._listener: Callable[[], None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._paused = self._busy = self._sending = False
        self._until = float("inf")
        self._heard = 0.0
        self.failure: Exception | None = None
        """What broke the exchange."""
        self.opened_at = self.idle_since = loop.time()

    # The exchange

    def start(
        self,
        request: bytes,
        *,
        is_head: bool,
        until: float,
        more: bool = False,
        listener: Callable[[], None] | None = None,
    ) -> None:
        """Send a request's bytes: its head, and of its body what is there. `until`: when to give up (loop time).
        `more`: the rest of the body follows by `write`, and ends with `finish`. `listener` is called, once, when
        `answered` would return or raise."""
        self._expect(is_head=is_head)
        self._paused = False
        self.failure = None
        self._listener = listener
        self._busy = True
        self._sending = more
        self._until = until
        self.write(request)
        self._watch()

    def write(self, data: bytes) -> None:
        """Send more of the request."""
        self._heard = self._loop.time()
        if self._transport is not None:
            self._transport.send(data)

    def finish(self) -> None:
        """All of the request is sent: from now on the service's silence counts."""
        self._sending = False
        self._watch()

    async def drain(self) -> None:
        """Wait until the service takes more of the request."""
        if self._drained is not None:
            await self._drained

    async def answered(self) -> None:
        """Wait for the answer's `status` and `headers`, and for the first piece of its body or its end."""
        while not (self._pieces or self.complete):
            await self._news()

    async def more(self) -> bytes:
        """What has come of the body; nothing at its end."""
        while not self._pieces:
            if self.complete:
                return b""
            await self._news()
        data = self.take()
        if self._paused and self._transport is not None:
            self._paused = False
            self._heard = self._loop.time()
            self._transport.resume_reading()
            self._watch()
        return data

    @property
    def reusable(self) -> bool:
        """Whether another request may follow: question and answer came to their ends."""
        return self.complete and self._keeps and not self._sending and self.failure is None and self.open

    @property
    def open(self) -> bool:
        """Whether the connection still stands."""
        return self._transport is not None and not self._transport.is_closing()

    def rest(self) -> float:
        """The exchange is over; the connection, so many seconds old, waits for another."""
        self._busy = False
        self.idle_since = now = self._loop.time()
        return now - self.opened_at

    def close(self) -> None:
        """End the connection, in the middle of an exchange too."""
        self._busy = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()

    async def _news(self) -> None:
        if self.failure is None:
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
            if self._pieces or self.complete:
                return
        if self.failure is not None:
            raise self.failure

    def _fail(self, failure: Exception) -> None:
        if self.failure is None and not self.complete:
            self.failure = failure
        self._wake()
        if self._transport is not None:
            self._transport.abort()

    def _wake(self) -> None:
        if self._listener is not None:
            listener, self._listener = self._listener, None
            listener()
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # One timer for many exchanges: it looks whether it is time, and comes back when it may be.

    def _watch(self) -> None:
        due = self._due()
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._busy or self.complete:
            return
        if self._loop.time() >= self._due():
            self._fail(TimeoutError("the service is silent"))
        else:
            self._watch()

    def _due(self) -> float:
        # While we hold it back, or have not asked yet, the service's silence is ours.
        return self._until if self._paused or self._sending else min(self._until, self._heard + self._read_seconds)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        # By its methods: uvloop's has not that class.
        self._transport = Together(cast(asyncio.Transport, transport), self._loop)

    def connection_lost(self, exc: Exception | None) -> None:
        """The service, or we, closed it."""
        ends_by_close = exc is None and self.status and not self.complete and not self._is_framed()
        if ends_by_close:
            self.complete = True
        self._fail(BrokenAnswerError(f"the connection was lost: {exc or 'closed'}"))
        self._transport = None
        self.resume_writing()
        self.close()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if not self._busy or self.complete:
            self._keeps = False
            self.close()  # what nobody asked for could pass for the answer to the next request
            return
        self._heard = self._loop.time()
        if not self.status:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._keeps = False
            self._fail(BrokenAnswerError(f"not HTTP: {error}"))
            return
        if not self.status and self._head_bytes > MAX_HEAD:
            self._fail(BrokenAnswerError("the answer's head is too large"))
        elif self._held > HIGH_WATER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        if self._pieces or self.complete:
            self._wake()

    def eof_received(self) -> bool:
        """The service says that nothing more comes: close our side too."""
        return False

    def pause_writing(self) -> None:
        """The service takes the request more slowly than it comes."""
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        """It takes more."""
        self._heard = self._loop.time()
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None
