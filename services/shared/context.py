"""What happens around every request: its id, the limit of its body, its line in the log, its count, and the answer
when something breaks."""

from __future__ import annotations

import time
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from services.shared.errors import BrokenOffError, as_problem, internal_error, send_problem
from services.shared.exchange import Exchange
from services.shared.logging import REQUESTS, current_request_id, log_request
from services.shared.metrics import Metrics, route_of
from services.shared.telemetry import Exporter
from services.shared.tracing import current_trace

MAX_BODY_BYTES = 1024 * 1024


class RequestContext:
    """Pure ASGI middleware, outermost of all.

    Leaves `request_id`, `trace` and `client` in scope["state"], and the ids in every log line; the request's id is the
    answer's X-Request-ID, and what an application puts into the state's `answer_headers` joins every kind of answer.
    Any exception becomes a problem; one that nobody expected is logged with its traceback and answered 500.

    Who answers without a task of its own does by `enter` and `leave` what a call does by itself; what turns out to need
    a task goes on in one by `going_on`.
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
        await self.going_on(self.enter(scope, dict(scope["headers"])), self.app)(scope, receive, send)

    def enter(self, scope: Scope, values: Mapping[bytes, bytes]) -> Exchange:
        """A request begins. `values`: its fields by their names."""
        exchange = Exchange(scope, values, self)
        self.in_flight += 1
        return exchange

    def going_on(self, exchange: Exchange, app: ASGIApp) -> ASGIApp:
        """An application that answers the request that has been entered, by `app`, and leaves it."""

        async def rest(_scope: Scope, receive: Receive, send: Send) -> None:
            exchange.connect(receive, send)
            current_request_id.set(exchange.request_id)  # for this task alone, which the server made for the request
            current_trace.set(exchange.trace)
            try:
                await self._answer(exchange, app)
            finally:
                self.leave(exchange)

        return rest

    def leave(self, exchange: Exchange) -> None:
        """It is over: count it, and tell of it."""
        self.in_flight -= 1
        status = exchange.status or 499  # nothing was sent: the answer was cancelled
        scope = exchange.scope
        if "quiet" in scope["state"]:
            return
        self.last_request = now = time.monotonic()
        seconds = now - exchange.began
        route = scope["state"].get("route") or route_of(scope)
        self.metrics.observe(scope["method"], route, status, seconds)
        if self.exporter is not None:
            self.exporter.record(scope, route, status, seconds)
        log_request(
            exchange.request_id,
            exchange.trace,
            method=scope["method"],
            path=exchange.path,
            status=status,
            seconds=seconds,
            client=exchange.client,
        )

    async def _answer(self, exchange: Exchange, app: ASGIApp) -> None:
        try:
            exchange.refuse_declared_excess()
            await app(exchange.scope, exchange.receive, exchange.send)
        except HTTPException as error:
            if exchange.status:
                raise
            await send_problem(as_problem(error), exchange.scope, exchange.send)
        except BrokenOffError:
            return  # the server cuts the connection of an answer that has no end
        except Exception:
            REQUESTS.exception("unhandled error", extra={"method": exchange.scope["method"], "path": exchange.path})
            if not exchange.status:
                await send_problem(internal_error(), exchange.scope, exchange.send)
            elif not exchange.finished:
                raise  # the server must cut the connection, or the client takes half an answer for a whole one
