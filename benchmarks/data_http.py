"""Servers started for a measurement, and their load: by wrk where it is installed, else by a client of our own."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).resolve().parent.parent

SCRIPT = """
local requests, at = {}, 0
local headers = {["Host"] = "localhost", ["Authorization"] = os.getenv("AUTHORIZATION")}
for path in io.lines(os.getenv("PATHS")) do
  requests[#requests + 1] = wrk.format("GET", path, headers)
end
request = function()
  at = at % #requests + 1
  return requests[at]
end
"""


@dataclass(frozen=True)
class Served:
    """One server under load: requests a second, and microseconds of its own CPU a request."""

    rate: float
    cpu: float


@dataclass(frozen=True)
class Load:
    """What is asked: these paths in turn, over this many connections."""

    paths: Sequence[str]
    authorization: str
    connections: int = 8


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: Sequence[str], port: int, environment: Mapping[str, str], log: Path) -> Iterator[psutil.Process]:
    """`python -m <command>`, once its port answers, with its output in `log`."""
    with log.open("ab") as output:
        process = psutil.Popen(
            [sys.executable, "-m", *command],
            cwd=REPOSITORY,
            env={"PATH": os.environ["PATH"], **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        for _ in range(400):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise RuntimeError(f"{command} does not answer: {log.read_text()[-2000:]}")
        yield process
    finally:
        process.terminate()
        process.wait(30)


def measured(process: psutil.Process, port: int, load: Load, seconds: float, folder: Path) -> Served:
    """The server's throughput and own CPU under the load."""
    before = _cpu_seconds(process)
    requests, took = _run(port, load, seconds, folder)
    return Served(requests / took, (_cpu_seconds(process) - before) / requests * 1e6)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _run(port: int, load: Load, seconds: float, folder: Path) -> tuple[int, float]:
    """(requests answered with 200, seconds it took)."""
    if not shutil.which("wrk"):
        return asyncio.run(_own_load(port, load, seconds))
    paths, script = folder / "paths", folder / "wrk.lua"
    paths.write_text("\n".join(load.paths))
    script.write_text(SCRIPT)
    run = subprocess.run(
        ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}"],
        env={**os.environ, "PATHS": str(paths), "AUTHORIZATION": load.authorization},
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"(\d+) requests in ([\d.]+)s", run.stdout)
    if "Non-2xx" in run.stdout or found is None:
        raise RuntimeError(run.stdout)
    return int(found[1]), float(found[2])


async def _own_load(port: int, load: Load, seconds: float) -> tuple[int, float]:
    """The same by asyncio streams: slower than wrk, alike for all servers."""
    paths = itertools.cycle(load.paths)
    until = time.monotonic() + seconds

    async def connection() -> int:
        client = await Client.connect(port, load.authorization)
        count = 0
        while time.monotonic() < until:
            await client.get(next(paths))
            count += 1
        await client.close()
        return count

    started = time.monotonic()
    counts = await asyncio.gather(*(connection() for _ in range(load.connections)))
    return sum(counts), time.monotonic() - started


class Client:
    """One connection; its answers are read, and refused unless they are 200."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, authorization: str) -> None:
        self._reader, self._writer, self._authorization = reader, writer, authorization

    @classmethod
    async def connect(cls, port: int, authorization: str) -> Client:
        """A connection to 127.0.0.1."""
        return cls(*await asyncio.open_connection("127.0.0.1", port), authorization)

    async def get(self, path: str) -> bytes:
        """The body at `path`."""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {self._authorization}\r\n\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        body = await self._reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(f"{path}: {body.decode()}")
        return body

    async def close(self) -> None:
        """End the connection."""
        self._writer.close()
        await self._writer.wait_closed()
