"""The server's side of a connection: uvicorn's protocol over llhttp, with the limits that it leaves out.

What a request may be made of is bounded here, before it is one: the bytes that are not its body, the time it takes to
arrive, and the time that its answer may wait for a client that does not read.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import httptools
from starlette.types import Scope
from uvicorn._types import ASGIVersions
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from services.shared.cycle import Cycle, Express
from services.shared.errors import PROBLEM_TYPE, Problem, problem_body
from services.shared.refusals import REFUSALS, Limits, malformed, too_much, too_slow
from services.shared.target import parsed
from services.shared.transport import Together

__all__ = ["GuardedProtocol", "Limits", "guarded"]

MAX_PIPELINED = 16
BODILESS = ("GET", "HEAD")
ASGI: ASGIVersions = {"version": "3.0", "spec_version": "2.3"}
SLICE = 16 * 1024
"""What is parsed at a time, so that it is known to within as much where a request ended."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection of a client. What it refuses by itself is answered as a problem, and the connection closed."""

    limits = Limits()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        """A client is there; it has as long to say something as an idle one."""
        self.together = Together(transport, self.loop)
        super().connection_made(cast(asyncio.Transport, self.together))
        self._express: Express | None = getattr(self.app, "express", None)
        self._unstarted: Cycle | None = None
        self._overhead = 0
        self._heard = b""
        self._reading = self._head_is_here = self._is_last = False
        self._began = 0.0
        self._due: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._idle_since = self.loop.time()
        self._idle = self.loop.call_later(self.timeout_keep_alive, self._look_whether_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        for timer in (self._due, self._stall, self._idle):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Read on, within limits."""
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        try:
            if len(data) > SLICE:
                self._read_in_slices(data)
            else:
                self._overhead += len(data)
                self._heard = self._heard + data if self._reading and not self._head_is_here else data
                self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Nothing here speaks another protocol, and what follows is not known to be HTTP.
            self.cycle.keep_alive = False
            self.transport.pause_reading()
        except httptools.HttpParserError as error:
            self._refuse(error.__context__ if isinstance(error.__context__, Problem) else malformed())
            return
        unstarted, self._unstarted = self._unstarted, None
        if unstarted is not None and (
            unstarted.more_body or self._express is None or not self._express(cast(Scope, unstarted.scope), unstarted)
        ):
            self.start(unstarted, self.app)
        if self._overhead > self.limits.overhead:
            self._refuse(too_much(self.limits.overhead))
        elif self._due is None and (self._reading or self.cycle is None or self.cycle.response_complete):
            self._began = self.loop.time()
            self._due = self.loop.call_later(self.limits.head, self._too_late)

    def _read_in_slices(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE):
            part = data[start : start + SLICE]
            self._overhead += len(part)
            self._heard = self._heard + part if self._reading and not self._head_is_here else part
            self.parser.feed_data(part)

    def on_message_begin(self) -> None:
        """A request's first byte."""
        self._reading = True
        self._head_is_here = self.expect_100_continue = False
        self.url = b""
        self.headers = []
        self.scope = {
            "type": "http",
            "asgi": ASGI,
            "http_version": "1.1",
            "method": "",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme or "http",
            "path": "",
            "raw_path": b"",
            "query_string": b"",
            "root_path": "",
            "headers": self.headers,
            "state": self.app_state.copy(),
        }

    def on_headers_complete(self) -> None:
        """Its last field: refused when there was more than fits, or too many requests wait for their turn."""
        if self._overhead > self.limits.overhead:  # of this and what follows it
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > self.limits.overhead:
                raise too_much(self.limits.overhead)
        if len(self.pipeline) >= MAX_PIPELINED:
            raise malformed()
        self._head_is_here = True
        scope = self.scope
        version = self.parser.get_http_version()
        scope["method"] = self.parser.get_method().decode("ascii")
        if version != "1.1":
            line = b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version.encode())
            if not self._heard.startswith(line) and b"\n" + line not in self._heard:
                raise malformed()  # llhttp takes RTSP/1.0 for HTTP/1.0
            scope["http_version"] = version
        scope["path"], scope["raw_path"], scope["query_string"] = parsed(self.url)
        before, self.cycle = (
            self.cycle,
            Cycle(self, keep_alive=version != "1.0" and not self._is_last and self.parser.should_keep_alive()),
        )
        if before is not None and not before.response_complete:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        elif self._express is not None and scope["method"] in BODILESS and not self.flow.write_paused:
            self._unstarted = self.cycle  # until it is known whether it is here as a whole
        else:
            self.start(self.cycle, self.app)

    def start(self, cycle: Cycle, app: Any) -> None:
        """Let an application answer, in a task."""
        self._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """A piece of its body."""
        self._overhead -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Its end."""
        if self._overhead > self.limits.overhead:  # in which some of what follows it may be counted, at most a slice
            raise too_much(self.limits.overhead)
        self._overhead = 0
        self._reading = False
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self._unstarted is self.cycle:
            self.cycle.more_body = False
        else:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer's end: the next request's turn, if it is here."""
        self.server_state.total_requests += 1
        self._idle_since = self.loop.time()
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if not self._reading:
            self._heard = b""
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

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

    def _look_whether_idle(self) -> None:
        """One timer for all of a connection's requests: it looks whether it is time, and comes back when it may be."""
        idle = self.loop.time() - self._idle_since if self._is_idle() and not self._reading else 0.0
        if idle < self.timeout_keep_alive:
            self._idle = self.loop.call_later(self.timeout_keep_alive - idle, self._look_whether_idle)
        else:
            self.timeout_keep_alive_handler()

    def _too_late(self) -> None:
        self._due = None
        left = self._began + self.limits.request - self.loop.time()
        if self._head_is_here and left > 0:
            self._due = self.loop.call_later(left, self._too_late)
        else:
            self._refuse(too_slow())

    def _refuse(self, problem: Problem) -> None:
        """Answer in the application's stead where no other answer is under way, and close in any case."""
        REFUSALS[problem.code] += 1
        cycle = self.cycle
        answered = self._is_idle()
        if not answered and self._reading and self._head_is_here and not self.pipeline and not cycle.response_started:
            # The application reads the very request that went wrong.
            self._unstarted = None
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
