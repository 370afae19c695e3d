"""What happens around every request: its id, the limit of its body, its line in the log, its count, and the answer
when something breaks."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.shared.errors import BrokenOffError, Problem, as_problem, internal_error, send_problem
from services.shared.logging import current_request_id, log_request
from services.shared.metrics import Metrics, route_of
from services.shared.telemetry import Exporter
from services.shared.tracing import current_trace, trace_of

MAX_BODY_BYTES = 1024 * 1024
DISCARD_SECONDS = 1.0
DISCARD_FACTOR = 8
_LONGEST_LOGGED_PATH = 200
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

log = logging.getLogger("services.request")


class RequestContext:
    """Pure ASGI middleware, outermost of all.

    Leaves `request_id`, `trace` and `client` in scope["state"], and the ids in every log line; the request's id is the
    answer's X-Request-ID, and what an application puts into the state's `answer_headers` joins every kind of answer.
    Any exception becomes a problem; one that nobody expected is logged with its traceback and answered 500.
    """

    def __init__(self, app: ASGIApp, *, max_body: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.metrics = Metrics(lambda: self.in_flight)
        self.max_body = max_body
        self.in_flight = 0
        self.last_request = 0.0
        self.draining = False
        """Whether every answer asks its client to come back on another connection."""
        self.exporter: Exporter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        started = time.perf_counter()
        exchange = _Exchange(scope, receive, send, self)
        current_request_id.set(exchange.request_id)  # for this task alone, which the server made for the request
        current_trace.set(scope["state"]["trace"])
        self.in_flight += 1
        try:
            await self._answer(exchange)
        finally:
            self._leave(exchange, time.perf_counter() - started)

    async def _answer(self, exchange: _Exchange) -> None:
        try:
            exchange.refuse_declared_excess()
            await self.app(exchange.scope, exchange.receive, exchange.send)
        except HTTPException as error:
            if exchange.status:
                raise
            await send_problem(as_problem(error), exchange.scope, exchange.send)
        except BrokenOffError:
            return  # the server cuts the connection of an answer that has no end
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
        if scope["state"].get("quiet", False):
            return
        self.last_request = time.monotonic()
        self.metrics.observe(scope, status, seconds)
        if self.exporter is not None:
            self.exporter.record(scope, route_of(scope), status, seconds)
        fields: dict[str, object] = {
            "method": scope["method"],
            "path": exchange.path,
            "status": status,
            "duration_ms": round(seconds * 1000, 2),
            "client": scope["state"]["client"],
        }
        log_request(log, fields)


class _Exchange:
    """One request and its answer, as seen from outside of the application."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, context: RequestContext) -> None:
        headers = dict(scope["headers"])
        trace = trace_of(headers.get(b"traceparent"), headers.get(b"tracestate"))
        if context.exporter is not None and not trace.parent_id:
            trace = trace._replace(sampled=context.exporter.samples(trace))
        self.request_id = _given_id(headers.get(b"x-request-id")) or (
            trace.span_id + trace.trace_id[16:] if trace.parent_id else trace.trace_id
        )
        state = scope.setdefault("state", {})
        state["request_id"] = self.request_id
        state["trace"] = trace
        state["client"] = client_address(scope, headers.get(b"x-forwarded-for"))
        self.scope = scope
        self.status = 0
        self.finished = False
        self._context = context
        self._declared = headers.get(b"content-length")
        self._incoming = self._declared not in (None, b"0") or b"transfer-encoding" in headers
        self._asks_first = b"expect" in headers
        self._received = 0
        self._receive = receive
        self._send = send

    @property
    def path(self) -> str:
        """The path for the log: without its query, which may hold what no log should."""
        return str(self.scope["path"])[:_LONGEST_LOGGED_PATH]

    def refuse_declared_excess(self) -> None:
        """413 before anything is read, when the request says itself that its body is too large."""
        if self._declared is not None and int(self._declared) > self._context.max_body:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next message, counted against the limit."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._incoming = message.get("more_body", False)
            self._received += len(message.get("body", b""))
            if self._received > self._context.max_body:
                raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        """Pass on the answer's next message; its first one carries the request's id."""
        if message["type"] == "http.response.start":
            if self._incoming:
                await self._discard_rest()
            self.status = message["status"]
            message["headers"] = self._headers(message.get("headers", ()))
        elif not message.get("more_body", False):
            self.finished = True
        await self._send(message)

    def _headers(self, given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        headers = [field for field in given if field[0] != b"x-request-id"]
        headers.append((b"x-request-id", self.request_id.encode()))
        headers += self.scope["state"].get("answer_headers", ())
        if self._incoming or self._context.draining:
            headers = [field for field in headers if field[0] != b"connection"]
            headers.append((b"connection", b"close"))
        return headers

    async def _discard_rest(self) -> None:
        """Read what is still coming of a request that is answered early, within limits: to close on a client that is
        sending resets its connection, and the answer is lost with it. One who asked first (RFC 9110, 10.1.1) waits."""
        if self._asks_first and not self._received:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_SECONDS):
                while self._incoming and self._received < DISCARD_FACTOR * self._context.max_body:
                    message = await self._receive()
                    self._received += len(message.get("body", b""))
                    self._incoming = message.get("more_body", False)

    def _too_large(self) -> Problem:
        return Problem(
            413,
            "body_too_large",
            f"The body is larger than the {self._context.max_body} bytes allowed here.",
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
