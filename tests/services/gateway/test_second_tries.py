"""What the gateway does about a service that fails: wait, ask again where that is safe, and stop asking in time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from services.catalog import api_services
from services.gateway.breaker import Breaker
from services.gateway.proxy import Proxy
from services.gateway.routes import Routes
from services.gateway.wire import Deadlines
from services.shared.lifecycle import Application
from tests.services.gateway.conftest import settings_for
from tests.support.applications import problem, served
from tests.support.tokens import TokenIssuer

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Handler = Callable[[int, bytes, asyncio.StreamWriter], Awaitable[None]]


class Service:
    """A service of bare bytes: calls `handle` with the request's number and text; notes what it got."""

    def __init__(self, handle: Handler) -> None:
        self.handle = handle
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._serving: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(asyncio.ensure_future(self.serve(reader, writer)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                self.requests.append(head + await reader.readexactly(length))
                await self.handle(len(self.requests), self.requests[-1], writer)

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[None]:
        server = await asyncio.start_server(self.accept, "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)


@asynccontextmanager
async def gateway(
    issuer: TokenIssuer, port: int, deadlines: Deadlines | None = None
) -> AsyncIterator[tuple[httpx.AsyncClient, Proxy]]:
    """A proxy to the service on the port, without token checks, and a client of it."""
    address = f"http://127.0.0.1:{port}"
    proxy = Proxy(Routes(api_services(), settings_for(issuer, identity_url=address, data_url=address)), deadlines)
    application = Application(proxy, verify=None, open_paths=("/*",), resources=[proxy])
    async with served(application) as url, httpx.AsyncClient(base_url=f"{url}/api/v1") as client:
        yield client, proxy


async def answers(_number: int, _request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(OK)


def dies_at(*numbers: int) -> Handler:
    async def handle(number: int, _request: bytes, writer: asyncio.StreamWriter) -> None:
        if number in numbers:
            writer.transport.abort()
        else:
            writer.write(OK)

    return handle


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_an_idempotent_request_is_sent_again_when_the_connection_dies(
    token_issuer: TokenIssuer, method: str
) -> None:
    async def handle(number: int, _request: bytes, writer: asyncio.StreamWriter) -> None:
        if number == 2:
            writer.transport.abort()
        else:
            writer.write(OK[:-2] if _request.startswith(b"HEAD") else OK)

    service = Service(handle)
    async with service.running(), gateway(token_issuer, service.port) as (client, proxy):
        for _ in range(2):
            assert (await client.request(method, "/products/1")).status_code == 200
        assert proxy.upstreams["data"].retries == 1
    assert service.requests[1] == service.requests[2]
    assert len(service.requests) == 3


async def test_a_request_that_may_not_be_repeated_is_sent_once(token_issuer: TokenIssuer) -> None:
    service = Service(dies_at(2))
    async with service.running(), gateway(token_issuer, service.port) as (client, _):
        assert (await client.post("/products", content=b"one")).status_code == 200
        problem(await client.post("/products", content=b"two"), 502, "upstream_failed")
    assert len(service.requests) == 2


async def test_a_post_with_an_idempotency_key_is_sent_again(token_issuer: TokenIssuer) -> None:
    service = Service(dies_at(2))
    async with service.running(), gateway(token_issuer, service.port) as (client, _):
        for body in (b"one", b"two"):
            answer = await client.post("/products", content=body, headers={"idempotency-key": "k"})
            assert answer.status_code == 200
    assert service.requests[1] == service.requests[2]
    assert service.requests[2].endswith(b"two")


async def test_a_request_that_kills_whoever_gets_it_does_not_go_round_for_ever(token_issuer: TokenIssuer) -> None:
    service = Service(dies_at(1, 2, 3, 4, 5))
    async with service.running(), gateway(token_issuer, service.port) as (client, _):
        problem(await client.get("/products"), 502, "upstream_failed")
    assert len(service.requests) == 3


async def test_an_answer_that_has_begun_is_never_begun_again(token_issuer: TokenIssuer) -> None:
    async def handle(_number: int, _request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()

    service = Service(handle)
    async with service.running(), gateway(token_issuer, service.port) as (client, _):
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/products")
    assert len(service.requests) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_service_that_restarts_is_waited_for(token_issuer: TokenIssuer, method: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    service = Service(answers)
    async with gateway(token_issuer, port) as (client, proxy):
        waiting = [asyncio.ensure_future(client.request(method, "/products")) for _ in range(20)]
        await asyncio.sleep(0.4)
        assert not any(request.done() for request in waiting)
        assert proxy.upstreams["data"].waiting == 20
        async with service.running(port):
            assert [(await request).status_code for request in waiting] == [200] * 20
    assert len(service.requests) == 20


async def test_a_service_that_stays_away_is_given_up_and_then_not_asked_any_more(token_issuer: TokenIssuer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    service = Service(answers)
    async with gateway(token_issuer, port, Deadlines(patience=0.2)) as (client, proxy):
        loop = asyncio.get_running_loop()
        for _ in range(5):
            problem(await client.get("/products"), 503, "upstream_unavailable")
        began = loop.time()
        refused = await client.get("/products")
        problem(refused, 503, "upstream_unavailable")
        assert refused.headers["retry-after"] == "1"
        assert loop.time() - began < 0.15
        assert proxy.upstreams["data"].outcomes == {"unreachable": 5, "refused": 1}
        metrics = (await client.get(str(client.base_url).replace("/api/v1/", "/metrics"))).text
        assert "process_resident_memory_bytes" in metrics
        async with service.running(port):
            await asyncio.sleep(1.1)
            assert (await client.get("/products")).status_code == 200
            assert not proxy.upstreams["data"].breaker.is_open


async def test_one_service_that_fails_does_not_keep_another_from_answering(token_issuer: TokenIssuer) -> None:
    service = Service(answers)
    async with service.running():
        settings = settings_for(
            token_issuer, identity_url=f"http://127.0.0.1:{service.port}", data_url="http://127.0.0.1:9"
        )
        proxy = Proxy(Routes(api_services(), settings), Deadlines(patience=0))
        application = Application(proxy, verify=None, open_paths=("/*",), resources=[proxy])
        async with served(application) as url, httpx.AsyncClient(base_url=f"{url}/api/v1") as client:
            assert {(await client.get("/products")).status_code for _ in range(8)} == {503}
            assert (await client.get("/users/me")).status_code == 200


async def test_a_silent_service_is_given_up_by_its_silence(token_issuer: TokenIssuer) -> None:
    async def handle(_number: int, _request: bytes, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    service = Service(handle)
    async with service.running(), gateway(token_issuer, service.port, Deadlines(read=0.2)) as (client, _):
        problem(await client.get("/products"), 504, "upstream_timeout")
    assert len(service.requests) == 1


async def test_a_service_that_speaks_without_being_asked_is_not_listened_to(token_issuer: TokenIssuer) -> None:
    async def handle(_number: int, _request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nforeign")

    service = Service(handle)
    async with service.running(), gateway(token_issuer, service.port) as (client, _):
        assert [(await client.get("/products")).text for _ in range(3)] == ["ok"] * 3
    assert service.connections == 3


async def test_connections_are_kept_and_used_again(token_issuer: TokenIssuer) -> None:
    service = Service(answers)
    async with service.running(), gateway(token_issuer, service.port) as (client, proxy):
        for _ in range(10):
            await client.get("/products")
        assert (proxy.upstreams["data"].pool.idle, proxy.upstreams["data"].pool.busy) == (1, 0)
    assert service.connections == 1


async def test_interim_answers_are_no_answers(token_issuer: TokenIssuer) -> None:
    async def handle(_number: int, _request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + OK)

    service = Service(handle)
    async with service.running(), gateway(token_issuer, service.port) as (client, _):
        answer = await client.get("/products")
        assert (answer.status_code, answer.text, "link" in answer.headers) == (200, "ok", False)


async def test_a_head_without_an_end_is_given_up(token_issuer: TokenIssuer) -> None:
    async def handle(_number: int, _request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000)

    service = Service(handle)
    async with service.running(), gateway(token_issuer, service.port) as (client, _):
        problem(await client.post("/products"), 502, "upstream_failed")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_breaker_stays_closed_while_most_requests_succeed() -> None:
    breaker = Breaker(Clock())
    for _ in range(100):
        breaker.succeeded()
        breaker.succeeded()
        breaker.failed()
    assert breaker.admits()
    assert not breaker.is_open


def test_an_open_breaker_lets_one_trial_a_second_through_and_closes_by_the_first_that_succeeds() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(5):
        breaker.failed()
    assert [breaker.admits() for _ in range(3)] == [False] * 3
    clock.now = 1.1
    assert [breaker.admits() for _ in range(3)] == [True, False, False]
    breaker.failed()
    assert not breaker.admits()
    clock.now = 2.2
    assert breaker.admits()
    breaker.succeeded()
    assert [breaker.admits() for _ in range(3)] == [True] * 3
    assert breaker.openings == 1
