"""One request on a connection, and its answer: uvicorn's ASGI cycle, and beside it a short way for whole answers."""

from __future__ import annotations

import asyncio
import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

if TYPE_CHECKING:
    from services.shared.protocol import GuardedProtocol

_FORBIDDEN = bytes({*range(32), 127} - {*b"\t\r\n"})
STATUS = {status: line.rstrip(b"\r\n") for status, line in STATUS_LINE.items()}
CLOSE = (b"connection", b"close")


class Express(Protocol):
    """Answers some requests without a task of their own, as `application.express`."""

    def __call__(self, scope: Scope, cycle: Cycle) -> bool:
        """Take a request that came in whole, to be answered by `cycle.reply`, now or later, or handed on by
        `cycle.run`; or leave it to the application, by False."""


class Cycle(RequestResponseCycle):
    """What uvicorn makes of a request, with what most requests do not need made when it is asked for."""

    logger = logging.getLogger("uvicorn.error")
    access_log = False
    disconnected = waiting_for_100_continue = False
    response_started = response_complete = False
    more_body = True
    chunked_encoding: bool | None = None
    expected_content_length = 0

    def __init__(self, protocol: GuardedProtocol, *, keep_alive: bool) -> None:
        self._protocol = protocol
        self.scope = protocol.scope
        self.transport = protocol.transport
        self.flow = protocol.flow
        self.default_headers = protocol.server_state.default_headers
        self.on_response = protocol.on_response_complete
        self.keep_alive = keep_alive
        if protocol.expect_100_continue:
            self.waiting_for_100_continue = True

    @cached_property
    def message_event(self) -> asyncio.Event:  # type: ignore[override]  # an attribute there
        """Set when there is something to receive."""
        event = asyncio.Event()
        if not self.more_body:
            event.set()
        return event

    @cached_property
    def body(self) -> bytearray:  # type: ignore[override]  # an attribute there
        """What has come of the request's body."""
        return bytearray()

    def run(self, app: ASGIApp) -> None:
        """Let an application answer, in a task."""
        self._protocol.start(self, app)

    def reply(self, status: int, fields: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Answer, all at once. `fields` frame the body. ValueError for fields that would not be what they seem."""
        if self.disconnected:
            return
        lines = [STATUS[status], *map(b": ".join, self.default_headers), *map(b": ".join, fields)]
        if CLOSE in fields:
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append(b"connection: close")
        head = b"\r\n".join(lines)
        if len(head.translate(None, _FORBIDDEN)) != len(head) or head.count(b"\n") != len(lines) - 1:
            raise ValueError("a field of the answer holds control characters")
        self.response_started = self.response_complete = True
        self._protocol.together.send(b"\r\n\r\n".join((head, body)))
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        self.on_response = _nothing


def _nothing() -> Any:
    """What is left to do."""
