"""Hands each request to the service that answers it, and the answer back, both as they stream."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import aiohttp
import yarl
from starlette.types import Message, Receive, Scope, Send

from services.gateway.headers import for_client, for_upstream
from services.gateway.hygiene import refuse_ambiguous
from services.gateway.routes import Route, Routes
from services.shared.errors import Problem, not_found, unavailable

CONNECT_SECONDS = 2.0
TOTAL_SECONDS = 30.0
KEEP_ALIVE_SECONDS = 60
"""Shorter than the services keep a connection (75 s), so that none is used that is just being closed."""

log = logging.getLogger(__name__)


class Proxy:
    """An ASGI application over other services' HTTP; open it as a context first."""

    def __init__(self, routes: Routes, *, total_seconds: float = TOTAL_SECONDS) -> None:
        self._routes = routes
        self._timeout = aiohttp.ClientTimeout(total=total_seconds, sock_connect=CONNECT_SECONDS)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            timeout=self._timeout,
        )
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The client."""
        if self._session is None:
            raise RuntimeError("the proxy is used outside of `async with`")
        return self._session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; a Problem when that cannot be."""
        refuse_ambiguous(scope)
        route = self._routes.find(scope["raw_path"].decode("ascii"))
        if route is None:
            raise not_found("There is nothing at this path.")
        scope["state"]["route"] = route.template
        upload = _Upload(receive)
        answer = _Answer(send, is_head=scope["method"] == "HEAD")
        try:
            await self._forward(route, scope, upload, answer)
        except (aiohttp.ClientError, TimeoutError) as error:
            if answer.started:
                raise
            if upload.failure is not None:
                raise upload.failure from error
            reason = f"{type(error).__name__}: {error}"
            log.warning("upstream failure", extra={"upstream": route.name, "reason": reason})
            raise _problem_of(error) from error

    async def _forward(self, route: Route, scope: Scope, upload: _Upload, answer: _Answer) -> None:
        target = route.url + scope["raw_path"].decode("ascii")
        if scope["query_string"]:
            target += "?" + scope["query_string"].decode("ascii")
        async with self.session.request(
            scope["method"],
            yarl.URL(target, encoded=True),
            headers=for_upstream(scope),
            data=await upload.body(),
            allow_redirects=False,
        ) as response:
            await answer.stream(response)


class _Answer:
    """The way back to the client."""

    def __init__(self, send: Send, *, is_head: bool) -> None:
        self._send = send
        self._is_head = is_head
        self.started = False

    async def stream(self, response: aiohttp.ClientResponse) -> None:
        """Pass on the whole answer. A short one, which has come already, goes out in one piece."""
        chunks = response.content
        first = b"" if self._is_head else await chunks.readany()
        self.started = True
        await self._send(
            {"type": "http.response.start", "status": response.status, "headers": for_client(response.raw_headers)}
        )
        while first and not chunks.at_eof():
            await self._send({"type": "http.response.body", "body": first, "more_body": True})
            first = await chunks.readany()
        await self._send({"type": "http.response.body", "body": first, "more_body": False})


class _Upload:
    """What the client sends."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.failure: Problem | None = None
        """Why it broke off, which the client library reports as a failure of the upstream."""

    async def body(self) -> bytes | AsyncIterator[bytes] | None:
        """The body: its length is that of what is read, whatever the request's headers claim."""
        first = await self._next()
        if not first.get("more_body", False):
            return first.get("body") or None
        return self._pieces(first)

    async def _pieces(self, message: Message) -> AsyncIterator[bytes]:
        yield message.get("body", b"")
        while message.get("more_body", False):
            message = await self._next()
            yield message.get("body", b"")

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


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return unavailable("upstream_unavailable", "The service behind this path cannot be reached. Try again shortly.")
    if isinstance(error, asyncio.TimeoutError):
        return Problem(504, "upstream_timeout", "The service behind this path took too long.")
    return Problem(502, "upstream_failed", "The service behind this path broke off its answer.")
