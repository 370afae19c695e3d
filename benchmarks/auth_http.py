"""The applications of benchmarks/auth_apps.py under load: by wrk where it is installed, else by a client of our own."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.auth_apps import MODES
from benchmarks.auth_tables import Served
from tests.services.shared.auth.issuer import key_set, token

ROUNDS, SECONDS = 5, 4
CONNECTIONS = 2
FEW_TOKENS, MANY_TOKENS = 1000, 6000
"""Fewer, and more, than the cache keeps: of many, each is gone from the cache when it comes again."""

SCRIPT = """
local tokens, at = {}, 0
for line in io.lines(os.getenv("TOKENS")) do tokens[#tokens + 1] = line end
request = function()
  at = at % #tokens + 1
  return wrk.format("GET", "/me", {["Authorization"] = "Bearer " .. tokens[at]})
end
"""


def measure() -> dict[str, Served]:
    """Each application's medians over interleaved rounds."""
    now = int(time.time())
    tokens = [token(jti=f"{i:036}", iat=now, auth_time=now, exp=now + 3600) for i in range(MANY_TOKENS)]
    results: dict[str, list[Served]] = {mode: [] for mode in MODES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "keys.json").write_text(json.dumps(key_set()))
        (folder / "wrk.lua").write_text(SCRIPT)
        (folder / "few").write_text("\n".join(tokens[:FEW_TOKENS]))
        (folder / "many").write_text("\n".join(tokens))
        for _ in range(ROUNDS):
            for mode in MODES:
                with running(mode, folder / "keys.json") as (port, process):
                    chosen = folder / ("many" if mode.endswith("remembered") else "few")
                    load(port, chosen, 1)
                    before = cpu_seconds(process)
                    requests, seconds = load(port, chosen, SECONDS)
                    spent = cpu_seconds(process) - before
                    results[mode].append(Served(requests / seconds, spent / requests * 1e6))
    return {
        mode: Served(statistics.median(r.rate for r in rounds), statistics.median(r.cpu for r in rounds))
        for mode, rounds in results.items()
    }


@contextmanager
def running(mode: str, keys: Path) -> Iterator[tuple[int, psutil.Process]]:
    """(port, process) of the application, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = psutil.Popen([sys.executable, "-m", "benchmarks.auth_apps", mode, str(port), str(keys)])
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port, process
    finally:
        process.terminate()
        process.wait()


def cpu_seconds(process: psutil.Process) -> float:
    """What the process has used so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def load(port: int, tokens: Path, seconds: int) -> tuple[int, float]:
    """(requests answered with 200, seconds it took)."""
    if not shutil.which("wrk"):
        return asyncio.run(own_load(port, tokens.read_text().splitlines(), seconds))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(tokens.parent / "wrk.lua")]
    run = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/me"],
        env={**os.environ, "TOKENS": str(tokens)},
        capture_output=True,
        text=True,
        check=True,
    )
    if "Non-2xx" in run.stdout:
        raise RuntimeError(run.stdout)
    found = re.search(r"(\d+) requests in ([\d.]+)s", run.stdout)
    if found is None:
        raise RuntimeError(run.stdout)
    return int(found.group(1)), float(found.group(2))


async def own_load(port: int, tokens: list[str], seconds: float) -> tuple[int, float]:
    """The same by asyncio streams: slower than wrk, alike for all applications."""
    queue = itertools.cycle(tokens)
    until = time.monotonic() + seconds

    async def connection() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        count = 0
        while time.monotonic() < until:
            writer.write(f"GET /me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {next(queue)}\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if not head.startswith(b"http/1.1 200"):
                raise RuntimeError(head.decode())
            await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
            count += 1
        writer.close()
        return count

    started = time.monotonic()
    counts = await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return sum(counts), time.monotonic() - started
