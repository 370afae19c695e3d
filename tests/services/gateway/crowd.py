"""The gateway as processes of their own: for many connections, and for stopping."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil

from scripts.local.processes import free_ports
from tests.services.gateway.conftest import settings_for
from tests.support.tokens import TokenIssuer

ROOT = Path(__file__).resolve().parents[3]


@asynccontextmanager
async def gateway_process(issuer: TokenIssuer, upstream: str) -> AsyncIterator[tuple[psutil.Process, str]]:
    """`python -m services.gateway serve`, ready, and its address."""
    port = free_ports(1)[0]
    settings = settings_for(issuer, identity_url=upstream, data_url=upstream).model_dump(exclude_none=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.gateway", "serve", "--port", str(port),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **{name.upper(): str(value) for name, value in settings.items()}},
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        await until_ready(url)
        yield psutil.Process(process.pid), url
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until_ready(url: str) -> None:
    """Return when it takes requests."""
    async with asyncio.timeout(30), httpx.AsyncClient() as client:
        while not await is_ready(client, url):  # noqa: ASYNC110  # a process tells nobody
            await asyncio.sleep(0.05)


async def is_ready(client: httpx.AsyncClient, url: str) -> bool:
    """What a load balancer asks."""
    try:
        return (await client.get(f"{url}/health/ready")).status_code == 200
    except httpx.TransportError:
        return False
