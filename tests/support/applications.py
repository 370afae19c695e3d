"""A service's application in the test's own event loop: called directly, or over real HTTP."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from starlette.types import ASGIApp, Message

from services.shared.lifecycle import Application
from services.shared.protocol import Limits
from services.shared.server import Server, config


@asynccontextmanager
async def started(application: ASGIApp) -> AsyncIterator[None]:
    """The application between its start and its end (the ASGI lifespan protocol)."""
    incoming: asyncio.Queue[Message] = asyncio.Queue()
    outgoing: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
    task = asyncio.ensure_future(application(scope, incoming.get, outgoing.put))
    await incoming.put({"type": "lifespan.startup"})
    answer = asyncio.ensure_future(outgoing.get())
    await asyncio.wait({answer, task}, return_when=asyncio.FIRST_COMPLETED)
    if not answer.done() or answer.result()["type"] == "lifespan.startup.failed":
        answer.cancel()
        await task
    try:
        yield
    finally:
        await incoming.put({"type": "lifespan.shutdown"})
        await task


@asynccontextmanager
async def client_of(application: Application, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls the started application without a network between them."""
    transport = httpx.ASGITransport(application)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(started(application))
        yield await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://service", **options)
        )


@asynccontextmanager
async def served(application: Application, limits: Limits | None = None) -> AsyncIterator[str]:
    """The address of the application behind the services' own HTTP server, on a free port of 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = Server(config(application, "127.0.0.1", port, limits), application)
        task = asyncio.ensure_future(server.serve(sockets=[listener]))
        try:
            while not server.started:
                await asyncio.sleep(0.005)
                if task.done():
                    await task
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await task


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that the response is: of this status and code, and in the form that all problems have."""
    body = json.loads(response.text)
    assert (response.status_code, body.get("code")) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    return dict(body)
