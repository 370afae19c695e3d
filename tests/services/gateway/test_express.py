"""The short way of the usual request: whatever becomes of it, the client sees what it would have seen by the long way.

The first request makes a connection to the service; the second one, which is looked at, finds it kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from services.gateway.app import create
from services.gateway.wire import Deadlines
from services.shared.lifecycle import Application
from tests.services.gateway.conftest import settings_for
from tests.support.applications import problem, served
from tests.support.tokens import TokenIssuer

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/api/v1/products"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

Second = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def second_request(issuer: TokenIssuer, second: Second) -> AsyncIterator[tuple[httpx.AsyncClient, Application]]:
    """A client whose first request has been answered; the service does `second` about the next on that connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = 0
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                if b"/internal/" in request:
                    writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n{"revocations": {}}')
                elif (asked := asked + 1) == 2:
                    await second(request, writer)
                else:
                    writer.write(OK)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    limits = {"rate_limit_user": 10, "rate_limit_address": 10}
    settings = settings_for(issuer, identity_url=address, data_url=address, **limits)
    gateway = create(settings, deadlines=Deadlines(read=0.3))
    async with (
        server,
        served(gateway) as url,
        httpx.AsyncClient(base_url=url, headers=issuer.headers("ann")) as client,
    ):
        assert (await client.get(PATH)).text == "ok"
        yield client, gateway
        assert gateway.context.in_flight == 0


def left(answer: httpx.Response) -> list[int]:
    """What the address and the user have left of their requests."""
    return [int(part.split(";r=")[1].split(";")[0]) for part in answer.headers["ratelimit"].split(", ")]


async def test_a_connection_that_was_just_closed_is_replaced_and_the_request_counted_once(
    token_issuer: TokenIssuer,
) -> None:
    async def gone(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with second_request(token_issuer, gone) as (client, _):
        answer = await client.get(PATH)
        assert (answer.status_code, answer.text) == (200, "ok")
        assert left(answer) == [8, 8]
        metrics = (await client.get("/metrics")).text
    assert f'http_request_duration_seconds_count{{method="GET",route="{PATH}/*",status="200"}} 2.0' in metrics
    assert 'upstream_retries_total{upstream="data"} 1.0' in metrics


async def test_a_service_that_says_nothing_is_504(token_issuer: TokenIssuer) -> None:
    async def silent(_request: bytes, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)

    async with second_request(token_issuer, silent) as (client, _):
        problem(await client.get(PATH), 504, "upstream_timeout")


async def test_an_answer_that_comes_in_pieces_comes_whole(token_issuer: TokenIssuer) -> None:
    async def pieces(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(20):
            writer.write(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
            await asyncio.sleep(0.005)
        writer.write(b"0\r\n\r\n")

    async with second_request(token_issuer, pieces) as (client, _):
        assert (await client.get(PATH)).text == "x" * 200_000


async def test_an_answer_that_breaks_off_in_the_middle_is_cut_off(token_issuer: TokenIssuer) -> None:
    async def half(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    async with second_request(token_issuer, half) as (client, _):
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(PATH)


@pytest.mark.parametrize(
    ("method", "reply", "length"),
    [
        ("GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "2"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", "5"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", None),
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", "7"),
    ],
)
async def test_a_whole_answer_says_how_long_it_is(
    token_issuer: TokenIssuer, method: str, reply: bytes, length: str | None
) -> None:
    async def answer(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)

    async with second_request(token_issuer, answer) as (client, _):
        found = await client.request(method, PATH)
        assert found.headers.get("content-length") == length
        assert (await client.get(PATH)).text == "ok"  # nothing of the one answer is left for the next


async def test_a_client_that_leaves_before_its_answer_harms_nobody(token_issuer: TokenIssuer) -> None:
    async def late(_request: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(OK)

    async with second_request(token_issuer, late) as (client, gateway):
        with pytest.raises(httpx.ReadTimeout):
            await client.get(PATH, timeout=0.05)
        await asyncio.sleep(0.3)
        assert gateway.context.in_flight == 0
        assert (await client.get(PATH)).text == "ok"
