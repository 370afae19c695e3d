"""What happens around every request: its id, the limit of its body, its line in the log, its count, and the answer
when something breaks."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import secrets
import time
from contextlib import suppress
from functools import lru_cache

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.shared.errors import Problem, as_problem, internal_error, send_problem
from services.shared.logging import current_request_id
from services.shared.metrics import Metrics

MAX_BODY_BYTES = 1024 * 1024
DISCARD_SECONDS = 1.0
DISCARD_FACTOR = 8
_LONGEST_LOGGED_PATH = 200
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

log = logging.getLogger("services.request")


class RequestContext:
    """Pure ASGI middleware, outermost of all.

    Leaves `request_id` and `client` in scope["state"], and the id in the answer's X-Request-ID and in every log line.
    Any exception becomes a problem; one that nobody expected is logged with its traceback and answered 500.
    """

    def __init__(self, app: ASGIApp, *, max_body: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.metrics = Metrics(lambda: self.in_flight)
        self.max_body = max_body
        self.in_flight = 0
        self.last_request = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        started = time.perf_counter()
        exchange = _Exchange(scope, receive, send, self.max_body)
        token = current_request_id.set(exchange.request_id)
        self.in_flight += 1
        try:
            await self._answer(exchange)
        finally:
            self._leave(exchange, time.perf_counter() - started)
            current_request_id.reset(token)

    async def _answer(self, exchange: _Exchange) -> None:
        try:
            exchange.refuse_declared_excess()
            await self.app(exchange.scope, exchange.receive, exchange.send)
        except HTTPException as error:
            if exchange.status:
                raise
            if error.status_code == 413:
                await exchange.discard_rest()
            await send_problem(as_problem(error), exchange.scope, exchange.send)
        except Exception:
            log.exception("unhandled error", extra={"method": exchange.scope["method"], "path": exchange.path})
            if not exchange.status:
                await send_problem(internal_error(), exchange.scope, exchange.send)
            elif not exchange.finished:
                raise  # the server must cut the connection, or the client takes half an answer for a whole one

    def _leave(self, exchange: _Exchange, seconds: float) -> None:
        self.in_flight -= 1
        status = exchange.status or 499  # nothing was sent: the answer was cancelled
        scope = exchange.scope
        quiet = scope["state"].get("quiet", False)
        if not quiet:
            self.last_request = time.monotonic()
            self.metrics.observe(scope, status, seconds)
        level = logging.DEBUG if quiet else logging.INFO
        if log.isEnabledFor(level):
            fields = {
                "method": scope["method"],
                "path": exchange.path,
                "status": status,
                "duration_ms": round(seconds * 1000, 2),
                "client": scope["state"]["client"],
            }
            log.log(level, "request", extra=fields)


class _Exchange:
    """One request and its answer, as seen from outside of the application."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, max_body: int) -> None:
        headers = dict(scope["headers"])
        self.request_id = _given_id(headers.get(b"x-request-id")) or secrets.token_hex(16)
        state = scope.setdefault("state", {})
        state["request_id"] = self.request_id
        state["client"] = client_address(scope, headers.get(b"x-forwarded-for"))
        self.scope = scope
        self.status = 0
        self.finished = False
        self._declared = headers.get(b"content-length")
        self._max_body = max_body
        self._received = 0
        self._receive = receive
        self._send = send

    @property
    def path(self) -> str:
        """The path for the log: without its query, which may hold what no log should."""
        return str(self.scope["path"])[:_LONGEST_LOGGED_PATH]

    def refuse_declared_excess(self) -> None:
        """413 before anything is read, when the request says itself that its body is too large."""
        if self._declared is not None and int(self._declared) > self._max_body:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next message, counted against the limit."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            if self._received > self._max_body:
                raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        """Pass on the answer's next message; its first one carries the request's id."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [(name, value) for name, value in message.get("headers", ()) if name != b"x-request-id"]
            message["headers"] = [*headers, (b"x-request-id", self.request_id.encode())]
        elif not message.get("more_body", False):
            self.finished = True
        await self._send(message)

    async def discard_rest(self) -> None:
        """Read what is still coming, within limits: to close on a client that is sending resets its connection, and
        the answer is lost with it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_SECONDS):
                more = True
                while more and self._received < DISCARD_FACTOR * self._max_body:
                    message = await self._receive()
                    self._received += len(message.get("body", b""))
                    more = message.get("more_body", False)

    def _too_large(self) -> Problem:
        return Problem(
            413,
            "body_too_large",
            f"The body is larger than the {self._max_body} bytes allowed here.",
            headers={"connection": "close"},
        )


def client_address(scope: Scope, forwarded_for: bytes | None) -> str:
    """The user's address: the last entry of X-Forwarded-For, else the peer.

    Each service has exactly one hop before it that writes this entry (the load balancer or the gateway); what stands
    before the last one is whatever the client liked to send.
    """
    peer = scope.get("client")
    return _last_address(forwarded_for or b"") or (str(peer[0]) if peer else "unknown")


@lru_cache(maxsize=4096)
def _last_address(forwarded_for: bytes) -> str:
    try:
        return str(ipaddress.ip_address(forwarded_for.rsplit(b",", 1)[-1].strip().decode("latin-1")))
    except ValueError:
        return ""


def _given_id(value: bytes | None) -> str | None:
    return value.decode() if value is not None and _REQUEST_ID.fullmatch(value) else None
