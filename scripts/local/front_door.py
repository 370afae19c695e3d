"""The local stand-in for the load balancer: one origin on this machine, routed by the emulator's listener rules."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import aiohttp
from aiohttp import web
from aiohttp.http import SERVER_SOFTWARE
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from scripts.local.processes import HOST
from scripts.local.routing import Action, Asked, Routing

LOGGER = logging.getLogger("front-door")

PATIENCE_S = 10.0
"""How long a request that may be sent twice waits for a service that died: here it has one task, so none other takes
its requests meanwhile, as in AWS."""
RETURN_POLL_S = 0.02
IDEMPOTENT = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT"})
"""RFC 9110, 9.2.2."""

HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
"""Headers that are for one connection only (RFC 9110, 7.6.1)."""

TIMEOUTS = aiohttp.ClientTimeout(total=None, connect=5, sock_connect=5, sock_read=60)
"""Seconds. A load balancer gives up on a connection that is idle for 60."""

KEEP_ALIVE_S = 4.0
"""Shorter than any service keeps its side open: an idle connection is never used just as it is closed."""


def log_to(file: Path) -> None:
    """Write a line for each request to the file: time (UTC), method and path without the query, what was answered."""
    handler = logging.FileHandler(file)
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    LOGGER.handlers = [handler]
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False


class Targets(Protocol):
    """Where the services are."""

    def address(self, service: str) -> tuple[str, int] | None:
        """Host and port of a service that is ready for requests; None while it is not."""


class UnansweredError(Exception):
    """A service could not be reached, or was gone before its answer began."""


class FrontDoor:
    """Answers on one port, and sends each request where the routing says; without one it says that it is early."""

    def __init__(self, targets: Targets, *, patience: float = PATIENCE_S) -> None:
        self.routing: Routing | None = None
        self._targets = targets
        self._patience = patience
        self._port = 0
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    async def start(self, port: int, *, everywhere: bool = False) -> None:
        """Listen on 127.0.0.1; OSError if the port is taken. `everywhere`: on all of a container's addresses."""
        self._port = port
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=TIMEOUTS,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        server = web.Application()
        server.on_response_prepare.append(keep_server_name)
        server.router.add_route("*", r"/{path:[\s\S]*}", self._handle)  # %0A is a character too
        self._runner = web.AppRunner(
            server, access_log=None, handler_cancellation=True, auto_decompress=False, shutdown_timeout=3
        )
        await self._runner.setup()
        host = "0.0.0.0" if everywhere else HOST  # noqa: S104 - compose.yaml publishes it on 127.0.0.1
        await web.TCPSite(self._runner, host, port).start()

    async def stop(self) -> None:
        """Take no more requests, give those under way three seconds."""
        if self._runner:
            await self._runner.cleanup()
        if self._session:
            await self._session.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self.routing is None:
            return failure(503, "The platform is being started.")
        began = time.monotonic()
        asked = Asked(
            method=request.method,
            host=request.host.partition(":")[0],
            path=request.rel_url.raw_path,
            headers=request.headers,
        )
        action = self.routing.decide(asked)
        response = await self._answer(request, action)
        target = action.service or action.kind
        milliseconds = (time.monotonic() - began) * 1000
        LOGGER.info("%s %s %s %s %.0f ms", request.method, asked.path, response.status, target, milliseconds)
        return response

    async def _answer(self, request: web.Request, action: Action) -> web.StreamResponse:
        if action.kind == "fixed-response":
            return web.Response(status=action.status, text=action.body, content_type=action.content_type)
        if action.kind == "redirect":
            return web.Response(status=action.status, headers={"Location": location(action.location, request)})
        return await self._forward(request, action.service)

    async def _forward(self, request: web.Request, service: str) -> web.StreamResponse:
        """The service's answer; where none has come and the request may be sent twice, it is, for a while."""
        repeatable = request.method in IDEMPOTENT and not request.body_exists
        until = time.monotonic() + (self._patience if repeatable else 0.0)
        while True:
            address = self._targets.address(service)
            if address is None:
                problem = failure(503, f"The service {service} is not ready; it is being started.")
            else:
                try:
                    return await self._pass_on(request, service, *address)
                except UnansweredError as error:
                    LOGGER.warning("%s: %s", service, error)
                    problem = failure(502, f"The service {service} does not answer.")
            if time.monotonic() >= until:
                return problem
            await asyncio.sleep(RETURN_POLL_S)

    async def _pass_on(self, request: web.Request, service: str, host: str, port: int) -> web.StreamResponse:
        assert self._session is not None  # noqa: S101 - started before it is asked
        response: web.StreamResponse | None = None
        try:
            async with self._session.request(
                request.method,
                URL(f"http://{host}:{port}{request.rel_url.raw_path_qs}", encoded=True),
                headers=self._request_headers(request),
                data=request.content if request.body_exists else None,
                allow_redirects=False,
            ) as answer:
                response = web.StreamResponse(status=answer.status, reason=answer.reason)
                response.headers.extend(end_to_end(answer.headers))
                await response.prepare(request)
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                await response.write_eof()
                return response
        except (TimeoutError, aiohttp.ClientError) as error:
            if response is None or not response.prepared:
                if isinstance(error, TimeoutError):
                    return failure(504, f"The service {service} did not answer in time.")
                raise UnansweredError(str(error)) from error
            if isinstance(error, aiohttp.ClientConnectionResetError):
                raise  # the client went away
            LOGGER.warning("%s: %s", service, error)
            # Half an answer is out: only a broken connection tells the client that there is no more.
            if request.transport:
                request.transport.abort()
            return response

    def _request_headers(self, request: web.Request) -> CIMultiDict[str]:
        """The client's headers and those that a load balancer adds (X-Forwarded-*)."""
        headers = end_to_end(request.headers)
        client = request.remote or HOST
        known = headers.get("X-Forwarded-For")
        headers["X-Forwarded-For"] = f"{known}, {client}" if known else client
        headers["X-Forwarded-Proto"] = request.scheme
        headers["X-Forwarded-Port"] = str(self._port)
        return headers


async def keep_server_name(_request: web.Request, response: web.StreamResponse) -> None:
    """The service's own `Server` header, if it sends one, and never ours."""
    if response.headers.get("Server") == SERVER_SOFTWARE:
        del response.headers["Server"]


def end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """The headers without those that were for one connection, named ones in `Connection` included."""
    named = {name.strip().lower() for value in headers.getall("Connection", []) for name in value.split(",")}
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in HOP_BY_HOP | named)


def failure(status: int, text: str) -> web.Response:
    """What a load balancer answers by itself, in one plain line."""
    headers = {"Retry-After": "1"} if status == 503 else None
    return web.Response(status=status, text=f"{text}\n", headers=headers)


def location(template: str, request: web.Request) -> str:
    """A redirect's target with the request's parts put in; an empty query leaves no question mark."""
    host, _, port = request.host.partition(":")
    parts: Mapping[str, str] = {
        "protocol": request.scheme,
        "host": host,
        "port": port or "80",
        "path": request.rel_url.raw_path.removeprefix("/"),
        "query": request.rel_url.raw_query_string,
    }
    for name, value in parts.items():
        template = template.replace(f"#{{{name}}}", value)
    return template.removesuffix("?")
