"""Health: alive is one thing, ready is another."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from services.shared.health import Check
from services.shared.lifecycle import Application
from tests.support.applications import client_of, served

ROOT = Path(__file__).resolve().parents[3]


async def nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError("health paths are not the service's own")


def application(**checks: Check) -> Application:
    return Application(nothing, verify=None, open_paths=("/*",), checks=checks)


async def fine() -> None:
    pass


async def failing() -> None:
    raise ConnectionError("the password is hunter2")


async def hanging() -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
async def test_a_service_is_ready_when_every_check_passes(path: str) -> None:
    async with client_of(application(database=fine, keys=fine)) as client:
        response = await client.get(path)
    assert (response.status_code, response.json()) == (
        200,
        {"status": "ready", "checks": {"database": "ok", "keys": "ok"}},
    )


@pytest.mark.parametrize("path", ["/health", "/health/live", "/%68ealth/ready", "/metrics", "/%6detrics"])
async def test_whoever_comes_through_the_edge_finds_neither_health_nor_metrics(path: str) -> None:
    """The load balancer compares paths as they were sent, the server decodes them: both must hide them."""
    async with client_of(application(database=fine)) as client:
        direct = await client.get(path)
        proxied = await client.get(path, headers={"X-Forwarded-For": "203.0.113.7"})
    assert (direct.status_code, proxied.status_code) == (200, 404)
    assert "http_request" not in proxied.text


async def test_one_failed_check_makes_it_not_ready_and_is_named_without_details() -> None:
    async with client_of(application(database=failing, keys=fine)) as client:
        response = await client.get("/health/ready")
    assert (response.status_code, response.json()["checks"]) == (503, {"database": "failed", "keys": "ok"})
    assert "hunter2" not in response.text


async def test_a_check_that_hangs_fails_within_a_second_or_so() -> None:
    started = time.monotonic()
    async with client_of(application(database=hanging, other=hanging)) as client:
        response = await client.get("/health/ready")
    assert response.status_code == 503
    assert time.monotonic() - started < 1.5


async def test_a_service_that_is_not_ready_is_alive_all_the_same() -> None:
    async with client_of(application(database=failing)) as client:
        assert (await client.get("/health/live")).status_code == 200


async def test_a_service_that_is_shutting_down_is_not_ready_but_alive() -> None:
    leaving = application(database=fine)
    leaving.health.shutting_down = True
    async with client_of(leaving) as client:
        assert (await client.get("/health/ready")).status_code == 503
        assert (await client.get("/health/live")).status_code == 200


async def test_health_is_never_cached() -> None:
    async with client_of(application()) as client:
        for path in ("/health", "/health/live", "/health/ready"):
            assert (await client.get(path)).headers["cache-control"] == "no-store"


def probe(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "services.shared.health", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)


@pytest.mark.parametrize(("check", "code"), [(fine, 0), (failing, 1)])
async def test_the_container_check_says_by_its_exit_code_whether_a_service_is_ready(check: Check, code: int) -> None:
    async with served(application(database=check)) as url:
        run = await asyncio.to_thread(probe, f"{url}/health/ready")
    assert run.returncode == code
    assert ("database" in run.stderr) == (code == 1)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/health", "nonsense", "http://127.0.0.1:9999999/"])
def test_the_container_check_fails_with_a_reason_and_no_traceback(url: str) -> None:
    run = probe(url)
    assert run.returncode == 1
    assert run.stderr.startswith(url)
    assert "Traceback" not in run.stderr


def test_the_container_check_without_an_address_says_how_to_use_it() -> None:
    assert probe().returncode == 2


def test_the_container_check_loads_the_standard_library_alone() -> None:
    script = "import sys, services.shared.health; print({'pydantic', 'starlette', 'msgspec'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
