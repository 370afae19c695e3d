"""One HTTP/1.1 connection to a service, read as it streams. The parser is llhttp, by way of httptools."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import httptools

Fields = list[tuple[bytes, bytes]]

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


class BrokenAnswerError(Exception):
    """The service closed the connection, or said what is no HTTP, before its answer's end."""


class Connection(asyncio.Protocol):
    """One exchange at a time: `start`, then `answered`, then `more` until it gives nothing.

    Whatever breaks it raises from these: BrokenAnswerError, or TimeoutError when the service was silent for `read`
    seconds or `until` has come. A connection that is not `reusable` after the exchange has to be closed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, read_seconds: float) -> None:
        self._loop = loop
        self._read_seconds = read_seconds
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False
        self._busy = False
        self.opened_at = self.idle_since = loop.time()
        self._reset()

    def _reset(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        self._head_bytes = 0
        self._is_head = False
        self._complete = False
        self._keeps = False
        self._sending = False
        self._until = float("inf")
        self._heard = 0.0
        self._failure: Exception | None = None
        self.status = 0
        self.headers: Fields = []

    # The exchange

    def start(self, request: Iterable[bytes], *, is_head: bool, until: float, more: bool = False) -> None:
        """Send a request's bytes: its head, and of its body what is there. `until`: when to give up (loop time).
        `more`: the rest of the body follows by `write`, and ends with `finish`."""
        self._reset()
        self._busy = True
        self._sending = more
        self._is_head = is_head
        self._until = until
        self.write(b"".join(request))
        self._watch()

    def write(self, data: bytes) -> None:
        """Send more of the request."""
        self._heard = self._loop.time()
        if self._transport is not None:
            self._transport.write(data)

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
        while not (self._pieces or self._complete):
            await self._news()

    async def more(self) -> bytes:
        """What has come of the body; nothing at its end."""
        while not self._pieces:
            if self._complete:
                return b""
            await self._news()
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._heard = self._loop.time()
            self._transport.resume_reading()
        return data

    @property
    def at_end(self) -> bool:
        """Whether nothing more will come than is here already."""
        return self._complete and not self._pieces

    @property
    def reusable(self) -> bool:
        """Whether another request may follow: question and answer came to their ends."""
        return self._complete and self._keeps and not self._sending and self._failure is None and self.open

    @property
    def open(self) -> bool:
        """Whether the connection still stands."""
        return self._transport is not None and not self._transport.is_closing()

    def rest(self) -> None:
        """The exchange is over; the connection waits for another."""
        self._busy = False
        self.idle_since = self._loop.time()

    def close(self) -> None:
        """End the connection, in the middle of an exchange too."""
        self._busy = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()

    async def _news(self) -> None:
        if self._failure is None:
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
            if self._pieces or self._complete:
                return
        if self._failure is not None:
            raise self._failure

    def _fail(self, failure: Exception) -> None:
        if self._failure is None and not self._complete:
            self._failure = failure
        self._wake()
        if self._transport is not None:
            self._transport.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
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
        if not self._busy or self._complete:
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
        self._transport = cast(asyncio.Transport, transport)  # by its methods: uvloop's has not that class

    def connection_lost(self, exc: Exception | None) -> None:
        """The service, or we, closed it."""
        ends_by_close = exc is None and self.status and not self._complete and not self._is_framed()
        if ends_by_close:
            self._complete = True
        self._fail(BrokenAnswerError(f"the connection was lost: {exc or 'closed'}"))
        self._transport = None
        self.resume_writing()
        self.close()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if not self._busy or self._complete:
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
        if self._pieces or self._complete:
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

    # httptools' callbacks

    def on_message_begin(self) -> None:
        """A second answer to one request makes the connection useless."""
        if self._complete:
            self._keeps = False
            raise BrokenAnswerError("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is here; one of an interim answer (RFC 9110, 15.2) is none."""
        status = self._parser.get_status_code()
        if status < 200:
            self.headers = []
            self._head_bytes = 0
            return
        self.status = status
        if self._is_head:  # the parser expects the body that the head tells of
            self._keeps = self._parser.should_keep_alive()
            self._parser = httptools.HttpResponseParser(self)
            self._complete = True

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._complete:
            self._keeps = False
            return
        self._pieces.append(body)
        self._held += len(body)

    def on_message_complete(self) -> None:
        """The answer's end."""
        if self.status and not self._complete:
            self._keeps = self._parser.should_keep_alive()
            self._complete = True

    def _is_framed(self) -> bool:
        return any(name in (b"content-length", b"transfer-encoding") for name, _ in self.headers)
