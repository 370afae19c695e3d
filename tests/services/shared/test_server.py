"""The server process: how strictly it reads, and how orderly it stops."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from scripts.local.processes import free_ports
from services.shared.lifecycle import Application
from services.shared.server import KEEP_ALIVE_SECONDS, config
from tests.services.shared import served_example
from tests.support.applications import served

ROOT = Path(__file__).resolve().parents[3]


@asynccontextmanager
async def running() -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    """The example service as a process of its own, and a client of it."""
    port = free_ports(1)[0]
    command = [sys.executable, "-m", "tests.services.shared.served_example", str(port)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE, stderr=PIPE)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            await until_live(client)
            yield process, client
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until_live(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await client.get("/health/live")
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
            else:
                return


async def raw(client: httpx.AsyncClient, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(request)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return answer


async def test_on_sigterm_readiness_fails_first_and_a_request_in_flight_is_finished() -> None:
    async with running() as (process, client):
        slow = asyncio.ensure_future(client.get("/slow?seconds=1.5"))
        await asyncio.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        assert (await client.get("/health/ready")).status_code == 503
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/other")).status_code == 200
        assert (await slow).status_code == 200
        assert await asyncio.wait_for(process.wait(), 5) == 0


async def test_an_idle_service_stops_within_a_second_or_so() -> None:
    async with running() as (process, _):
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 5) == 0
        assert time.monotonic() - started < 2


async def test_on_sigint_the_port_closes_at_once_and_a_request_in_flight_is_finished() -> None:
    async with running() as (process, client):
        slow = asyncio.ensure_future(client.get("/slow?seconds=1"))
        await asyncio.sleep(0.2)
        process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.3)
        async with httpx.AsyncClient() as newcomer:
            with pytest.raises(httpx.ConnectError):
                await newcomer.get(str(client.base_url))
        assert (await slow).status_code == 200
        assert await asyncio.wait_for(process.wait(), 5) == 0


async def test_two_more_signals_end_even_a_request_that_hangs() -> None:
    async with running() as (process, client):
        hanging = asyncio.ensure_future(client.get("/slow?seconds=60"))
        await asyncio.sleep(0.2)
        for _ in range(3):
            process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.2)
        await asyncio.wait_for(process.wait(), 5)
        await asyncio.gather(hanging, return_exceptions=True)


async def test_every_line_that_the_process_writes_is_json() -> None:
    async with running() as (process, client):
        await client.get("/anything")
        await raw(client, b"nonsense\r\n\r\n")
        process.send_signal(signal.SIGTERM)
        written, errors = await process.communicate()
    lines = [json.loads(line) for line in written.splitlines()]
    assert {line["service"] for line in lines} == {"example"}
    assert [line["path"] for line in lines if line["message"] == "request"] == ["/anything"]
    assert errors == b""


@pytest.mark.parametrize(
    "framing",
    [
        b"content-length: 4\r\ntransfer-encoding: chunked\r\n",
        b"transfer-encoding: chunked\r\ncontent-length: 4\r\n",
        b"content-length: 4\r\ncontent-length: 5\r\n",
        b"transfer-encoding: xchunked\r\n",
        b"content-length : 4\r\n",
    ],
)
async def test_framing_that_two_servers_could_read_in_two_ways_is_refused(framing: bytes) -> None:
    async with running_here() as client:
        request = (
            b"POST / HTTP/1.1\r\nhost: x\r\n" + framing + b"\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n"
        )
        answer = await raw(client, request)
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1


@asynccontextmanager
async def running_here() -> AsyncIterator[httpx.AsyncClient]:
    """The example service in this process."""
    application = Application(served_example.routes, verify=None, open_paths=("/*",))
    async with served(application) as url, httpx.AsyncClient(base_url=url) as client:
        yield client


async def test_answers_do_not_tell_what_serves_them() -> None:
    async with running_here() as client:
        assert "server" not in (await client.get("/")).headers


async def test_a_client_on_this_host_cannot_choose_its_own_scheme_or_address() -> None:
    settings = config(Application(served_example.routes, verify=None, open_paths=("/*",)), "127.0.0.1", 1)
    assert settings.proxy_headers is False


async def test_the_fast_loop_and_the_strict_parser_are_really_there() -> None:
    settings = config(Application(served_example.routes, verify=None, open_paths=("/*",)), "127.0.0.1", 1)
    settings.load()
    assert issubclass(settings.http_protocol_class, HttpToolsProtocol)
    assert isinstance(settings, uvicorn.Config)
    async with running() as (_, client):
        assert (await client.get("/")).text == "uvloop"


def test_connections_outlive_the_load_balancers_idle_timeout() -> None:
    settings = config(Application(served_example.routes, verify=None, open_paths=("/*",)), "127.0.0.1", 1)
    assert settings.timeout_keep_alive == KEEP_ALIVE_SECONDS > 60
