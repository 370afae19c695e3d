"""The gateway before services that note what reaches them, all over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest_asyncio
from starlette.types import Receive, Scope, Send

from services.catalog import REVOCATIONS_PATH
from services.gateway.app import create
from services.gateway.settings import Settings
from services.shared.lifecycle import Application
from tests.support.applications import served
from tests.support.tokens import CLIENT_ID, ISSUER, TokenIssuer

Behaviour = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass
class Seen:
    """A request as a service behind the gateway got it."""

    method: str
    path: bytes
    query: bytes
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


@dataclass
class Upstream:
    """A service behind the gateway: notes each request, then answers it as `behave` says (200 and an echo)."""

    name: str
    seen: list[Seen] = field(default_factory=list)
    behave: Behaviour | None = None
    url: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == REVOCATIONS_PATH:  # the gateway's own question, whatever is tested
            await answer(send, 200, b'{"revocations": {}}')
            return
        if self.behave is not None:
            await self.behave(scope, receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
        self.seen.append(Seen(scope["method"], scope["raw_path"], scope["query_string"], headers, body))
        await answer(send, 200, json.dumps({"from": self.name}).encode(), [(b"content-type", b"application/json")])


async def answer(send: Send, status: int, body: bytes = b"", headers: list[tuple[bytes, bytes]] | None = None) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers or []})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Platform:
    """The gateway at `url`, and what stands behind it."""

    url: str
    identity: Upstream
    data: Upstream
    client: httpx.AsyncClient

    async def raw(self, request: bytes) -> bytes:
        """Whatever the gateway answers to these bytes, until it closes the connection."""
        address = httpx.URL(self.url)
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(request)
        async with asyncio.timeout(10):
            received = await reader.read()
        writer.close()
        return received


def settings_for(issuer: TokenIssuer, **others: str | int) -> Settings:
    values: dict[str, Any] = {
        "environment": "local",
        "log_level": "info",
        "aws_region": "eu-central-1",
        "cognito_user_pool_id": "eu-central-1_Test",
        "cognito_client_id": CLIENT_ID,
        "cognito_issuer": ISSUER,
        "cognito_jwks_url": issuer.jwks_url,
        "rate_limit_user": 1_000_000,
        "rate_limit_address": 1_000_000,
        "cors_origins": "none",
    }
    return Settings.model_validate({**values, **others})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(token_issuer: TokenIssuer) -> AsyncIterator[Platform]:
    """The servers, the same for all tests of a module."""
    identity, data = Upstream("identity"), Upstream("data")
    async with AsyncExitStack() as stack:
        for upstream in (identity, data):
            application = Application(upstream, verify=None, open_paths=("/*",))
            upstream.url = await stack.enter_async_context(served(application))
        settings = settings_for(token_issuer, identity_url=identity.url, data_url=data.url)
        yield Platform(await stack.enter_async_context(served(create(settings))), identity, data, httpx.AsyncClient())


@pytest_asyncio.fixture(loop_scope="module")
async def platform(running: Platform, token_issuer: TokenIssuer) -> AsyncIterator[Platform]:
    """The platform, with a client signed in as `ann`; nothing has been seen yet."""
    for upstream in (running.identity, running.data):
        upstream.seen.clear()
        upstream.behave = None
    async with httpx.AsyncClient(base_url=running.url, headers=token_issuer.headers("ann")) as client:
        yield replace(running, client=client)
