"""What a client gets back: the service's own answer as it streams, or a problem when there is none."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from services.catalog import api_services
from services.gateway.app import create
from services.gateway.proxy import Proxy
from services.gateway.routes import Routes
from services.gateway.wire import Deadlines
from services.shared.lifecycle import Application
from tests.services.gateway.conftest import Platform, answer, settings_for
from tests.support.applications import problem, served
from tests.support.tokens import TokenIssuer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("status", [200, 201, 204, 301, 304, 401, 404, 418, 422, 500, 503])
async def test_a_status_comes_back_as_it_is(platform: Platform, status: int) -> None:
    async def behave(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send, status, b"" if status in (204, 304) else b"body", [(b"location", b"/elsewhere")])

    platform.data.behave = behave
    response = await platform.client.get("/api/v1/products")
    assert response.status_code == status
    assert response.headers["location"] == "/elsewhere"


async def test_fields_come_back_in_their_number_and_order(platform: Platform) -> None:
    async def behave(_scope: Scope, _receive: Receive, send: Send) -> None:
        fields = [
            (b"set-cookie", b"a=1; Path=/"),
            (b"set-cookie", b"b=2"),
            (b"etag", b'"x"'),
            (b"cache-control", b"no-store"),
        ]
        await answer(send, 200, b"body", fields)

    platform.data.behave = behave
    response = await platform.client.get("/api/v1/products")
    assert response.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]
    assert (response.headers["etag"], response.headers["cache-control"]) == ('"x"', "no-store")
    assert len(response.headers.get_list("date")) == 1


async def test_a_cookie_of_one_client_is_not_kept_for_another(platform: Platform) -> None:
    async def behave(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send, 200, b"", [(b"set-cookie", b"session=secret; Path=/")])

    platform.data.behave = behave
    await platform.client.get("/api/v1/products")
    platform.data.behave = None
    platform.client.cookies.clear()
    await platform.client.get("/api/v1/products")
    assert platform.data.seen[0].header("cookie") == []


async def test_a_compressed_answer_stays_compressed(platform: Platform) -> None:
    packed = gzip.compress(b"text " * 1000)

    async def behave(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send, 200, packed, [(b"content-encoding", b"gzip")])

    platform.data.behave = behave
    async with platform.client.stream("GET", "/api/v1/products") as response:
        assert b"".join([piece async for piece in response.aiter_raw()]) == packed


async def test_a_large_answer_comes_back_whole(platform: Platform) -> None:
    body = b"0123456789" * 300_000

    async def behave(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send, 200, body, [(b"content-length", str(len(body)).encode())])

    platform.data.behave = behave
    response = await platform.client.get("/api/v1/products")
    assert response.content == body


async def test_an_answer_is_handed_on_while_it_comes(platform: Platform) -> None:
    second = asyncio.Event()

    async def behave(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await second.wait()
        await send({"type": "http.response.body", "body": b"second", "more_body": False})

    platform.data.behave = behave
    async with platform.client.stream("GET", "/api/v1/products") as response:
        pieces = response.aiter_bytes()
        assert await anext(pieces) == b"first"
        second.set()
        assert b"".join([piece async for piece in pieces]) == b"second"


async def test_head_tells_the_length_without_the_body(platform: Platform) -> None:
    async def behave(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1234")]})
        await send({"type": "http.response.body", "body": b""})

    platform.data.behave = behave
    response = await platform.client.head("/api/v1/products")
    assert (response.headers["content-length"], response.content) == ("1234", b"")


async def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(platform: Platform) -> None:
    async def behave(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await asyncio.sleep(0.05)
        raise ConnectionError("breaks off")

    platform.data.behave = behave
    with pytest.raises(httpx.RemoteProtocolError):
        await platform.client.get("/api/v1/products")


async def test_a_service_that_is_not_there_is_503(token_issuer: TokenIssuer) -> None:
    settings = settings_for(token_issuer, identity_url="http://127.0.0.1:9", data_url="http://127.0.0.1:9")
    application = create(settings, deadlines=Deadlines(patience=0))
    async with served(application) as url, httpx.AsyncClient(headers=token_issuer.headers()) as client:
        response = await client.get(f"{url}/api/v1/products")
        body = problem(response, 503, "upstream_unavailable")
        assert int(response.headers["retry-after"]) > 0
        assert "127.0.0.1" not in body["detail"]


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\x01b\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
    ],
)
async def test_a_service_that_breaks_off_is_502(token_issuer: TokenIssuer, reply: bytes) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    broken = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings = settings_for(token_issuer, identity_url=broken, data_url=broken)
    async with server, served(create(settings)) as url, httpx.AsyncClient(headers=token_issuer.headers()) as client:
        if reply.endswith(b"half"):
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get(f"{url}/api/v1/products")
        else:
            problem(await client.get(f"{url}/api/v1/products"), 502, "upstream_failed")


async def test_a_service_that_takes_too_long_is_504(token_issuer: TokenIssuer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = settings_for(token_issuer, identity_url=address, data_url=address)
        proxy = Proxy(Routes(api_services(), settings), Deadlines(total=0.1))
        application = Application(proxy, verify=None, open_paths=("/*",), resources=[proxy])
        async with served(application) as url, httpx.AsyncClient() as client:
            problem(await client.get(f"{url}/api/v1/products"), 504, "upstream_timeout")


async def test_a_body_that_is_too_large_is_413(platform: Platform) -> None:
    response = await platform.client.post("/api/v1/products", content=b"x" * (1024 * 1024 + 1))
    problem(response, 413, "body_too_large")
    assert platform.data.seen == []


async def test_a_body_that_turns_out_too_large_is_413_and_never_arrives_whole(platform: Platform) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 32_768
            await asyncio.sleep(0)

    response = await platform.client.post("/api/v1/products", content=pieces())
    problem(response, 413, "body_too_large")
    assert platform.data.seen == []


async def test_a_request_that_breaks_off_never_arrives_whole(platform: Platform) -> None:
    authorization = platform.client.headers["authorization"]
    address = httpx.URL(platform.url)
    for framing in ("content-length: 100000", "transfer-encoding: chunked"):
        _, writer = await asyncio.open_connection(address.host, address.port)
        start = f"POST /api/v1/products HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\n{framing}\r\n\r\n"
        writer.write(start.encode() + b"5\r\nhello\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.close()
        await writer.wait_closed()
    await asyncio.sleep(0.1)
    assert platform.data.seen == []
