"""Hands each request to the service that answers it, and the answer back, both as they stream."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Self

from starlette.types import Message, Receive, Scope, Send

from services.gateway.answer import BrokenAnswerError
from services.gateway.headers import for_client, for_upstream
from services.gateway.routes import Routes
from services.gateway.upstream import IDEMPOTENT, Outgoing, Upstream
from services.gateway.wire import Connection, Deadlines
from services.shared.errors import BrokenOffError, Problem, not_found

EXPECTS_A_BODY = frozenset({"PATCH", "POST", "PUT"})

log = logging.getLogger(__name__)


class Proxy:
    """An ASGI application over other services' HTTP; open it as a context first."""

    def __init__(self, routes: Routes, deadlines: Deadlines | None = None) -> None:
        self._routes = routes
        self.upstreams = {
            name: Upstream(name, url, deadlines or Deadlines()) for name, url in routes.services().items()
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        for upstream in self.upstreams.values():
            upstream.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; a Problem when that cannot be."""
        route = self._routes.find(scope["raw_path"].decode("ascii"))
        if route is None:
            raise not_found("There is nothing at this path.")
        scope["state"]["route"] = route.template
        upstream = self.upstreams[route.name]
        upload = _Upload(receive)
        request = await upload.request(scope, upstream)
        try:
            connection = await upstream.ask(request)
        except Problem:
            if upload.failure is not None:
                raise upload.failure from None
            raise
        await pass_on(connection, upstream, send)


async def pass_on(connection: Connection, upstream: Upstream, send: Send) -> None:
    """Hand the answer to the client, and the connection back. BrokenOffError when it breaks off."""
    try:
        await _answer(connection, send)
    except (BrokenAnswerError, TimeoutError) as error:
        log.warning("answer broke off", extra={"upstream": upstream.name, "reason": str(error)})
        raise BrokenOffError from error
    finally:
        upstream.pool.give_back(connection)


async def _answer(connection: Connection, send: Send) -> None:
    """Pass on the whole answer. A short one, which has come already, goes out in one piece."""
    body = await connection.more()
    headers = for_client(connection.headers)
    await send({"type": "http.response.start", "status": connection.status, "headers": headers})
    while body and not connection.at_end:
        await send({"type": "http.response.body", "body": body, "more_body": True})
        body = await connection.more()
    await send({"type": "http.response.body", "body": body, "more_body": False})


def head(scope: Scope, upstream: Upstream, *framing: bytes) -> bytes:
    """The request line and fields for the service. `framing`: the field that says how long the body is, if there is
    one."""
    query = scope["query_string"]
    target = b"%b?%b" % (scope["raw_path"], query) if query else scope["raw_path"]
    line = b"%b %b HTTP/1.1" % (scope["method"].encode(), target)
    return b"\r\n".join((line, upstream.pool.host_field, *for_upstream(scope), *framing, b"", b""))


class _Upload:
    """What the client sends."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.failure: Problem | None = None
        """Why the client's body did not come to its end."""

    async def request(self, scope: Scope, upstream: Upstream) -> Outgoing:
        """The request for the service. Its framing is that of what is read, whatever the client's headers claim."""
        first = await self._next()
        body = first.get("body", b"")
        streams = first.get("more_body", False)
        method: str = scope["method"]
        if streams:
            framing = [b"transfer-encoding: chunked"]
            body = _chunk(body)
        elif body or method in EXPECTS_A_BODY:
            framing = [b"content-length: %d" % len(body)]
        else:
            framing = []
        repeatable = not streams and (method in IDEMPOTENT or _has_idempotency_key(scope))
        return Outgoing(method, head(scope, upstream, *framing) + body, self._pump if streams else None, repeatable)

    async def _pump(self, connection: Connection) -> None:
        more = True
        while more:
            message = await self._next()
            more = message.get("more_body", False)
            connection.write(_chunk(message.get("body", b"")))
            await connection.drain()
        connection.write(b"0\r\n\r\n")
        connection.finish()

    async def _next(self) -> Message:
        try:
            message = await self._receive()
        except Problem as problem:
            self.failure = problem
            raise
        if message["type"] == "http.disconnect":
            self.failure = Problem(400, "incomplete_request", "The request broke off.")
            raise self.failure
        return message


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def _has_idempotency_key(scope: Scope) -> bool:
    return any(name == b"idempotency-key" for name, _ in scope["headers"])
