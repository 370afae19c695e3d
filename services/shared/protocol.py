"""The server's side of a connection: uvicorn's protocol over llhttp, with the limits that it leaves out.

What a request may be made of is bounded here, before it is one: the bytes that are not its body, the time it takes to
arrive, and the time that its answer may wait for a client that does not read.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from services.shared.errors import PROBLEM_TYPE, Problem, problem_body

MAX_PIPELINED = 16
SLICE = 16 * 1024
"""What is parsed at a time, so that it is known to within as much where a request ended."""

REFUSALS: Counter[str] = Counter()
"""Requests refused before they were whole, by the problem's code, since the process began."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a client may take. `overhead`: bytes of a request that are not its body: line, fields, chunk sizes and
    trailers. Seconds: `head` until the last field and `request` until the end of the body, from the first byte on;
    `stalled` for a client that takes no more of its answer; `last_words` for an idle connection when the server stops.
    """

    overhead: int = 64 * 1024
    head: float = 10.0
    request: float = 30.0
    stalled: float = 30.0
    last_words: float = 0.2


def _malformed() -> Problem:
    return Problem(400, "malformed_request", "This is not a well-formed request.")


def _too_slow() -> Problem:
    return Problem(408, "request_timeout", "The request did not arrive in time.")


def _too_much(overhead: int) -> Problem:
    detail = f"The fields of a request, or what frames its body, may take {overhead} bytes here."
    return Problem(431, "fields_too_large", detail)


class _Together:
    """A transport that sends what is written in one turn of the event loop together: uvicorn writes an answer's head
    and its body apart, which would be two system calls and two packets."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held = b""
        self.abort = transport.abort
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        if self._held:
            self._transport.writelines((self._held, data))
            self._held = b""
        else:
            self._held = data
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            self._transport.write(self._held)
            self._held = b""


class GuardedProtocol(HttpToolsProtocol):
    """One connection of a client. What it refuses by itself is answered as a problem, and the connection closed."""

    limits = Limits()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        """A client is there; it has as long to say something as an idle one."""
        super().connection_made(cast(asyncio.Transport, _Together(transport, self.loop)))
        self._overhead = 0
        self._reading = self._head_is_here = self._is_last = False
        self._began = 0.0
        self._due: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        for timer in (self._due, self._stall):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Read on, within limits."""
        self._unset_keepalive_if_required()
        try:
            for start in range(0, len(data), SLICE):
                part = data[start : start + SLICE]
                self._overhead += len(part)
                self.parser.feed_data(part)
        except httptools.HttpParserUpgrade:
            # Nothing here speaks another protocol, and what follows is not known to be HTTP.
            self.cycle.keep_alive = False
            self.transport.pause_reading()
        except httptools.HttpParserError as error:
            self._refuse(error.__context__ if isinstance(error.__context__, Problem) else _malformed())
            return
        if self._overhead > self.limits.overhead:
            self._refuse(_too_much(self.limits.overhead))
        elif self._due is None and (self._reading or self._is_idle()):
            self._began = self.loop.time()
            self._due = self.loop.call_later(self.limits.head, self._too_late)

    def on_message_begin(self) -> None:
        """A request's first byte."""
        super().on_message_begin()
        self._reading = True
        self._head_is_here = False

    def on_headers_complete(self) -> None:
        """Its last field: refused when there was more than fits, or too many requests wait for their turn."""
        if self._overhead > self.limits.overhead:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > self.limits.overhead:
                raise _too_much(self.limits.overhead)
        is_target = self.url.startswith((b"/", b"http://", b"https://")) and b"#" not in self.url  # RFC 9112, 3.2
        if not is_target or len(self.pipeline) >= MAX_PIPELINED:
            raise _malformed()
        self._head_is_here = True
        super().on_headers_complete()
        if self._is_last:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._overhead -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Its end."""
        if self._overhead > self.limits.overhead:  # in which some of what follows it may be counted, at most a slice
            raise _too_much(self.limits.overhead)
        self._overhead = 0
        self._reading = False
        if self._due is not None:
            self._due.cancel()
            self._due = None
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The client does not keep up with its answer."""
        super().pause_writing()
        self._stall = self.loop.call_later(self.limits.stalled, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def shutdown(self) -> None:
        """The server stops: an idle connection gets a moment longer, as a request may be under way on it."""
        self._is_last = True
        if self._is_idle() and not self._reading:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(self.limits.last_words, self.transport.close)
        elif self.cycle is not None:
            self.cycle.keep_alive = False

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _too_late(self) -> None:
        self._due = None
        left = self._began + self.limits.request - self.loop.time()
        if self._head_is_here and left > 0:
            self._due = self.loop.call_later(left, self._too_late)
        else:
            self._refuse(_too_slow())

    def _refuse(self, problem: Problem) -> None:
        """Answer in the application's stead where no other answer is under way, and close in any case."""
        REFUSALS[problem.code] += 1
        cycle = self.cycle
        answered = self._is_idle()
        if not answered and self._reading and self._head_is_here and not self.pipeline and not cycle.response_started:
            # The application reads the very request that went wrong.
            cycle.disconnected = True
            cycle.message_event.set()
            answered = True
        if answered and not self.transport.is_closing():
            self._write(problem)
            self.transport.close()
        else:
            self.transport.abort()

    def _write(self, problem: Problem) -> None:
        body = problem_body(problem, None)
        self.transport.write(
            b"%bcontent-type: %b\r\ncontent-length: %d\r\ncache-control: no-store\r\nconnection: close\r\n\r\n%b"
            % (STATUS_LINE[problem.status_code], PROBLEM_TYPE.encode(), len(body), body)
        )


def guarded(limits: Limits) -> type[GuardedProtocol]:
    """The protocol with other limits."""
    return type("GuardedProtocol", (GuardedProtocol,), {"limits": limits})
