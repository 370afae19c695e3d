"""Load on a running platform while something is done to it, and what came of every request."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import psutil

from scripts.local.state import read_json
from tests.support.platform import Platform

READS = ("products", "users/me")
READERS_EACH, WRITERS = 3, 2
PAUSE = 0.1
"""Seconds between a worker's requests: the services that start anew need the processor too."""
LONGEST = 25.0
PRODUCT = {"description": "Made under load", "price_minor": 100, "currency": "EUR"}


@dataclass(frozen=True)
class Call:
    """One request: when it began and ended (monotonic seconds), its status, or 0 when there was no answer."""

    method: str
    path: str
    began: float
    ended: float
    status: int

    @property
    def failed(self) -> bool:
        return self.status not in (200, 201)


@dataclass
class Load:
    """Steady requests of one user, straight to the gateway or by way of the front door."""

    base_url: str
    token: str
    calls: list[Call] = field(default_factory=list)
    created: set[str] = field(default_factory=set)
    stopping: bool = False

    async def run(self, disturb: Callable[[], object], gone: psutil.Process | None = None, *paths: str) -> float:
        """Load for a second, then do it, then load until requests for the paths succeed that began after `gone` had
        ended, and a second more. The time at which it was done."""
        limits = httpx.Limits(max_connections=50)
        headers = {"Authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(base_url=self.base_url, headers=headers, timeout=30, limits=limits) as client:
            workers = [self._keep(client, "GET", path) for path in READS for _ in range(READERS_EACH)]
            workers += [self._keep(client, "POST", "products") for _ in range(WRITERS)]
            running = asyncio.gather(*workers)
            await asyncio.sleep(1)
            done = time.monotonic()
            disturb()
            if gone is not None:
                await until(lambda: not gone.is_running() or gone.status() == psutil.STATUS_ZOMBIE)
            since = time.monotonic()
            await until(lambda: None not in [self.recovery(path, since) for path in paths])
            await asyncio.sleep(1)
            self.stopping = True
            await running
        return done

    async def _keep(self, client: httpx.AsyncClient, method: str, path: str) -> None:
        while not self.stopping:
            began = time.monotonic()
            name = secrets.token_hex(8)
            body = {**PRODUCT, "name": name} if method == "POST" else None
            try:
                answer = await client.request(method, path, json=body)
                status = answer.status_code
            except httpx.TransportError:
                status = 0
            if status == 201:
                self.created.add(name)
            self.calls.append(Call(method, path, began, time.monotonic(), status))
            await asyncio.sleep(PAUSE)

    def failures(self, method: str) -> list[Call]:
        """Requests that were not answered as they should."""
        return [call for call in self.calls if call.method == method and call.failed]

    def recovery(self, path: str, since: float) -> float | None:
        """Seconds until a request for the path succeeded that was sent afterwards."""
        ends = [call.ended for call in self.calls if call.path == path and call.began > since and not call.failed]
        return min(ends) - since if ends else None

    def figures(self) -> str:
        """For people."""
        slowest = max(call.ended - call.began for call in self.calls)
        failed = {method: len(self.failures(method)) for method in ("GET", "POST")}
        return f"{len(self.calls)} requests, failed {failed}, slowest {slowest:.2f} s"


async def until(condition: Callable[[], bool]) -> None:
    """Return when it holds; fail when it does not within 25 s."""
    for _ in range(int(LONGEST / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it took too long")


def gateway_url(platform: Platform) -> str:
    """The gateway itself, without the front door."""
    port = read_json(platform.state_dir / "run.json")["ports"]["services"]["gateway"]
    return f"http://127.0.0.1:{port}/api/v1/"


def process_of(platform: Platform, service: str) -> psutil.Process:
    """The process that serves it now."""
    port = read_json(platform.state_dir / "run.json")["ports"]["services"][service]
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if f"services.{service}" in command and str(port) in command:
            return process
    raise LookupError(f"nothing serves {service}")
