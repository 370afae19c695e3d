"""The short way of the most usual request: one without a body, by a known user, answered in one piece.

It passes the very checks that every request passes, in the same order, but without an event loop's task: the answer is
handed on by the call that brings it from the service. What needs to wait for anything else goes on in a task, from
where it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.answer import BrokenAnswerError
from services.gateway.headers import for_client
from services.gateway.limits import RateLimits
from services.gateway.proxy import Proxy, head, pass_on
from services.gateway.routes import Route, Routes
from services.gateway.upstream import Upstream
from services.gateway.wire import Connection
from services.shared.auth import Principal
from services.shared.auth.paths import OpenPaths
from services.shared.context import RequestContext
from services.shared.cycle import Cycle
from services.shared.errors import Problem
from services.shared.exchange import Exchange
from services.shared.target import LONGEST_REMEMBERED

UNUSUAL = frozenset({b"content-length", b"expect", b"transfer-encoding", b"upgrade"})
BODILESS = (204, 304)


class Express:
    """Called by the server for each request before the application is. `known`: the principal of a token that was
    verified of late; `admit`: what every request passes before its token is looked at."""

    def __init__(
        self,
        routes: Routes,
        proxy: Proxy,
        *,
        context: RequestContext,
        limits: RateLimits,
        open_paths: Iterable[str],
        known: Callable[[str], Principal | None],
        admit: Callable[[Scope], ASGIApp | None],
    ) -> None:
        self.proxy, self.context = proxy, context
        self._limits, self._known, self._admit = limits, known, admit
        self._routes, self._open = routes, OpenPaths(open_paths)
        self._closed_again = lru_cache(maxsize=4096)(self._closed)

    def __call__(self, scope: Scope, cycle: Cycle) -> bool:
        """Whether the request is taken; else nothing has been done about it."""
        values = dict(scope["headers"])
        given = values.get(b"authorization", b"")
        if given[:7].lower() != b"bearer " or len(values) < len(scope["headers"]) or not UNUSUAL.isdisjoint(values):
            return False
        path = scope["raw_path"]
        route = self._closed_again(path) if len(path) <= LONGEST_REMEMBERED else None
        if route is None:
            return False
        principal = self._known(str(given[7:], "latin-1"))
        if principal is None:
            return False
        exchange = self.context.enter(scope, values)
        try:
            self._admit(scope)
            scope["principal"] = principal
            self._limits.admit_user(scope)
        except Problem as problem:
            cycle.run(self.context.going_on(exchange, _refusing(problem)))
            return True
        scope["state"]["route"] = route.template
        upstream = self.proxy.upstreams[route.name]
        connection = upstream.kept()
        if connection is None:
            cycle.run(self.context.going_on(exchange, self.proxy))
        else:
            _Journey(self, exchange, cycle, upstream, connection)
        return True

    def _closed(self, path: bytes) -> Route | None:
        """The route of a path, as it came, that needs a token."""
        text = path.decode("ascii")
        is_open = self._open.includes({"path": unquote(text), "raw_path": path})
        return None if is_open else self._routes.find(text)


class _Journey:
    """One request on its way to the service, and the answer on its way back."""

    __slots__ = ("_began", "_connection", "_cycle", "_exchange", "_express", "_upstream")

    def __init__(
        self, express: Express, exchange: Exchange, cycle: Cycle, upstream: Upstream, connection: Connection
    ) -> None:
        self._express, self._exchange, self._cycle = express, exchange, cycle
        self._upstream, self._connection = upstream, connection
        self._began = began = time.monotonic()
        scope = exchange.scope
        connection.start(
            head(scope, upstream),
            is_head=scope["method"] == "HEAD",
            until=began + upstream.deadlines.total,
            listener=self._end,
        )

    def _end(self) -> None:
        """The answer is here, or some of it, or none will be."""
        connection, upstream = self._connection, self._upstream
        failure = connection.failure
        if failure is None:
            upstream.answered(time.monotonic() - self._began)
            if connection.complete:
                self._reply(connection)
            else:
                self._go_on(self._stream)
            return
        upstream.pool.give_back(connection)
        if isinstance(failure, BrokenAnswerError):
            # It may have been closed just now, for its age: the service is asked again.
            upstream.retries += 1
            self._go_on(self._express.proxy)
        else:
            self._go_on(_refusing(upstream.failed(failure)))

    def _reply(self, connection: Connection) -> None:
        exchange, status, body = self._exchange, connection.status, connection.take()
        fields = for_client(connection.headers)
        if b"content-length" not in dict(fields) and status not in BODILESS and exchange.scope["method"] != "HEAD":
            fields.append((b"content-length", b"%d" % len(body)))
        self._upstream.pool.give_back(connection)
        try:
            self._cycle.reply(status, exchange.answer_fields(fields), body)
        except ValueError as error:
            self._go_on(_refusing(self._upstream.failed(BrokenAnswerError(str(error)))))
            return
        exchange.status = status
        self._express.context.leave(exchange)

    async def _stream(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await pass_on(self._connection, self._upstream, send)

    def _go_on(self, app: ASGIApp) -> None:
        self._cycle.run(self._express.context.going_on(self._exchange, app))


def _refusing(problem: Problem) -> ASGIApp:
    async def refuse(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise problem

    return refuse
