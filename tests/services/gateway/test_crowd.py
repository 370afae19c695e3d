"""Many connections, silent ones, and stopping while clients go on asking."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
import time
from contextlib import AsyncExitStack, closing

import httpx
import pytest

from services.shared.lifecycle import Application
from services.shared.protocol import Limits
from tests.services.gateway.conftest import Platform, Upstream, answer
from tests.services.gateway.crowd import gateway_process, is_ready
from tests.support.applications import served
from tests.support.tokens import TokenIssuer

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.drill]

IDLE = 10_000
SPARE = 500
KILOBYTES_EACH = 16


async def test_ten_thousand_idle_connections_cost_little_and_keep_nobody_waiting(
    platform: Platform, token_issuer: TokenIssuer
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < IDLE + SPARE:
        pytest.skip(f"a process may open only {hard} files here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, IDLE + SPARE), hard))
    async with gateway_process(token_issuer, platform.data.url) as (process, url):
        address = ("127.0.0.1", httpx.URL(url).port or 0)
        before = process.memory_info().rss
        idle = [socket.create_connection(address) for _ in range(IDLE)]
        try:
            async with httpx.AsyncClient(base_url=url, headers=token_issuer.headers("ann")) as client:
                began = time.monotonic()
                for _ in range(20):
                    assert (await client.get("/api/v1/products")).status_code == 200
                took = (time.monotonic() - began) / 20
                metrics = (await client.get("/metrics")).text
            grown = (process.memory_info().rss - before) / IDLE / 1024
        finally:
            for one in idle:
                one.close()
        print(f"{IDLE} idle connections: {grown:.1f} kB each, a request among them {took * 1000:.1f} ms")
        assert "process_open_fds" in metrics
        assert grown < KILOBYTES_EACH
        assert took < 1


async def test_a_gateway_that_is_replaced_under_load_fails_no_request(
    platform: Platform, token_issuer: TokenIssuer
) -> None:
    """Two tasks behind a balancer that, as in AWS, learns from their readiness where to send requests."""
    async with AsyncExitStack() as stack:
        old, new = [await stack.enter_async_context(gateway_process(token_issuer, platform.data.url)) for _ in range(2)]
        client = await stack.enter_async_context(httpx.AsyncClient(headers=token_issuer.headers("ann"), timeout=20))
        target = [old[1]]
        failed: list[object] = []
        count = 0
        stopping = asyncio.Event()

        async def keep_asking(method: str) -> None:
            nonlocal count
            while not stopping.is_set():
                try:
                    status = (await client.request(method, f"{target[0]}/api/v1/products", content=b"")).status_code
                except httpx.TransportError as error:
                    failed.append(error)
                else:
                    if status != 200:
                        failed.append(status)
                count += 1
                await asyncio.sleep(0.005)

        async def balance() -> None:
            while await is_ready(client, old[1]):  # noqa: ASYNC110  # a balancer polls
                await asyncio.sleep(0.1)
            target[0] = new[1]

        asking = [asyncio.ensure_future(keep_asking(method)) for method in ("GET", "GET", "GET", "POST")]
        balancing = asyncio.ensure_future(balance())
        await asyncio.sleep(0.5)
        old[0].send_signal(signal.SIGTERM)
        await balancing
        while old[0].is_running() and old[0].status() != "zombie":  # noqa: ASYNC110  # a process tells nobody
            await asyncio.sleep(0.05)
        stopping.set()
        await asyncio.gather(*asking)
        print(f"SIGTERM to one of two gateways: {count} requests, {len(failed)} failed")
        assert failed == []


async def test_a_client_that_vanished_in_the_middle_of_a_request_is_not_waited_for(platform: Platform) -> None:
    application = Application(Upstream("none"), verify=None, open_paths=("/*",))
    async with served(application, Limits(head=0.2, request=0.4)) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        with closing(writer):
            writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf")
            async with asyncio.timeout(3):
                received = await reader.read()
        assert received.startswith(b"HTTP/1.1 408")
        assert application.context.in_flight == 0


async def test_a_client_that_does_not_read_its_answer_is_cut_off() -> None:
    async def endless(_scope: object, _receive: object, send: object) -> None:
        await answer(send, 200, b"x" * 50_000_000)  # type: ignore[arg-type]

    application = Application(endless, verify=None, open_paths=("/*",))
    async with served(application, Limits(stalled=0.2)) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.sleep(1)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(50_000_000)
        writer.close()
