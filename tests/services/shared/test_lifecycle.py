"""The start and the end of a service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send

from services.shared.auth import RemoteKeys
from services.shared.lifecycle import Application, fetching, keys_check
from tests.support.applications import client_of, problem, started
from tests.support.tokens import TokenIssuer


async def hello(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def refuse_everyone(_token: str) -> None:
    raise AssertionError("nobody sent a token")


@asynccontextmanager
async def noting(events: list[str], name: str) -> AsyncIterator[None]:
    events.append(f"open {name}")
    try:
        yield
    finally:
        events.append(f"close {name}")


async def test_resources_are_opened_in_order_and_closed_in_reverse() -> None:
    events: list[str] = []
    resources = [noting(events, "database"), noting(events, "keys")]
    async with started(Application(hello, verify=None, open_paths=("/*",), resources=resources)):
        events.append("running")
    assert events == ["open database", "open keys", "running", "close keys", "close database"]


async def test_a_resource_that_cannot_be_opened_stops_the_start_and_closes_the_others() -> None:
    events: list[str] = []

    @asynccontextmanager
    async def broken() -> AsyncIterator[None]:
        if not events:
            yield
        raise OSError("cannot open")

    application = Application(hello, verify=None, open_paths=("/*",), resources=[noting(events, "first"), broken()])
    with pytest.raises(OSError, match="cannot open"):
        async with started(application):
            pass
    assert events == ["open first", "close first"]


@pytest.mark.parametrize("open_paths", [(), ("/open",), ("/open/*",), ("/*", "/more")])
def test_a_service_without_a_verifier_must_be_open_throughout(open_paths: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="not every path is open"):
        Application(hello, verify=None, open_paths=open_paths)


async def test_what_is_not_listed_as_open_is_closed() -> None:
    application = Application(hello, verify=refuse_everyone, open_paths=("/open",))  # type: ignore[arg-type]
    async with client_of(application) as client:
        assert (await client.get("/open")).text == "hello"
        for path in ("/", "/open/more", "/opening", "/OPEN", "/open/", "/health/other", "/metrics/"):
            problem(await client.get(path), 401, "token_missing")


async def test_health_and_metrics_need_no_token() -> None:
    application = Application(hello, verify=refuse_everyone, open_paths=())  # type: ignore[arg-type]
    async with client_of(application) as client:
        for path in ("/health", "/health/live", "/health/ready", "/metrics"):
            assert (await client.get(path)).status_code == 200


async def test_a_websocket_is_not_spoken_here() -> None:
    application = Application(hello, verify=None, open_paths=("/*",))
    with pytest.raises(RuntimeError, match="websocket"):
        await application({"type": "websocket"}, None, None)  # type: ignore[arg-type]


async def test_keys_are_fetched_at_the_start(token_issuer: TokenIssuer) -> None:
    keys = RemoteKeys(token_issuer.jwks_url)
    application = Application(
        hello, verify=None, open_paths=("/*",), checks={"keys": keys_check(keys)}, resources=[fetching(keys)]
    )
    async with client_of(application) as client:
        assert (await client.get("/health/ready")).status_code == 200
        assert keys.ready


async def test_without_keys_the_service_starts_and_readiness_tells() -> None:
    keys = RemoteKeys("http://127.0.0.1:9/jwks.json")
    application = Application(
        hello, verify=None, open_paths=("/*",), checks={"keys": keys_check(keys)}, resources=[fetching(keys)]
    )
    async with client_of(application) as client:
        assert (await client.get("/health/live")).status_code == 200
        response = await client.get("/health/ready")
        assert (response.status_code, response.json()["checks"]) == (503, {"keys": "failed"})
