"""What the gateway costs, beside nginx and beside the proxy that people usually write: one run, interleaved.

    python -m benchmarks.gateway               table and bars, about four minutes
    python -m benchmarks.gateway --json        the same as JSON
    python -m benchmarks.gateway --seconds 1 --rounds 1

The gateway runs as it is deployed: tokens verified, both limits counted, ids and traces made, every request logged.
The others do none of that. Needs `wrk` and `nginx` (Debian's). What counts is the proxy's own CPU a request: on a
machine where load, proxy and service share two cores, throughput says less.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from benchmarks.data_http import free_port, serving
from benchmarks.gateway_apps import nginx
from tests.support.tokens import CLIENT_ID, ISSUER, TokenIssuer, key_server

PATHS = ("/api/v1/products", "/api/v1/users/me")
SERVERS = ("direct", "ours", "nginx", "usual")
CONNECTIONS = 16

DELAYED = """
function delay() return math.random(0, 2 * {milliseconds}) end
"""
"""Milliseconds that wrk waits on average before each request on a connection. Were they always the same, requests of
all connections would come in step, and wait for each other."""


@dataclass(frozen=True)
class Load:
    """One measurement: requests a second, latencies in milliseconds, the server's own CPU in microseconds a request."""

    rate: float
    p50: float
    p99: float
    cpu: float


@dataclass(frozen=True)
class Bar:
    """What was measured, and what it has to be."""

    name: str
    value: float
    limit: float
    at_least: bool

    @property
    def held(self) -> bool:
        """Whether it is."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass(frozen=True)
class Stage:
    """The servers under load, by name: process and port; and a token for them."""

    servers: dict[str, tuple[psutil.Process, int]]
    token: str
    folder: Path

    def load(self, name: str, path: str, seconds: float, delay: int = 0) -> Load:
        """wrk against one of them."""
        process, port = self.servers[name]
        script = self.folder / "delay.lua"
        script.write_text(DELAYED.format(milliseconds=delay))
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
        if delay:
            command += ["-s", str(script)]
        before = cpu_seconds(process)
        output = subprocess.run(
            [*command, "-H", f"Authorization: Bearer {self.token}", f"http://127.0.0.1:{port}{path}"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        used = cpu_seconds(process) - before
        if "Non-2xx" in output or "Socket errors" in output:
            raise RuntimeError(f"{name} failed under load:\n{output}")
        found = re.search(r"(\d+) requests in ([\d.]+)s", output)
        assert found, output
        count = int(found[1])
        return Load(count / float(found[2]), _latency(output, 50), _latency(output, 99), used / count * 1e6)


def _latency(output: str, percentile: int) -> float:
    found = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s)", output)
    assert found, output
    return float(found[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[found[2]]


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process and its workers."""
    return sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True)))


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """All servers, running."""
    ports = {name: free_port() for name in SERVERS}
    service = f"http://127.0.0.1:{ports['direct']}"
    with ExitStack() as stack:
        issuer = stack.enter_context(key_server())

        def python(name: str, command: list[str], environment: dict[str, str]) -> tuple[psutil.Process, int]:
            log = folder / f"{name}.log"
            return stack.enter_context(serving(command, ports[name], environment, log)), ports[name]

        app = "benchmarks.gateway_apps"
        servers = {
            "direct": python("direct", [app, "upstream", str(ports["direct"])], {}),
            "usual": python("usual", [app, "usual", str(ports["usual"])], {"UPSTREAM": service}),
            "ours": python(
                "ours",
                ["services.gateway", "serve", "--port", str(ports["ours"])],
                gateway_environment(issuer, service),
            ),
            "nginx": (stack.enter_context(nginx(folder, ports["nginx"], ports["direct"])), ports["nginx"]),
        }
        yield Stage(servers, issuer.token("ann", exp=int(time.time()) + 3600), folder)


def gateway_environment(issuer: TokenIssuer, service: str) -> dict[str, str]:
    """What the gateway is told: both services are one; the limits are counted but not met."""
    return {
        "ENVIRONMENT": "local",
        "LOG_LEVEL": "info",
        "AWS_REGION": "eu-central-1",
        "COGNITO_USER_POOL_ID": "eu-central-1_Test",
        "COGNITO_CLIENT_ID": CLIENT_ID,
        "COGNITO_ISSUER": ISSUER,
        "COGNITO_JWKS_URL": issuer.jwks_url,
        "IDENTITY_URL": service,
        "DATA_URL": service,
        "RATE_LIMIT_USER": "1000000000",
        "RATE_LIMIT_ADDRESS": "1000000000",
        "CORS_ORIGINS": "none",
    }


def compare(stage: Stage, rounds: int, seconds: float) -> dict[str, dict[str, Load]]:
    """Path -> server -> medians over the rounds, each of which asks every server in turn."""
    results: dict[str, dict[str, Load]] = {}
    for path in PATHS:
        runs: dict[str, list[Load]] = {name: [] for name in SERVERS}
        for name in SERVERS:
            stage.load(name, path, 0.5 if seconds < 1 else 1)  # warm
        for _ in range(rounds):
            for name in SERVERS:
                runs[name].append(stage.load(name, path, seconds))
        results[path] = {name: median(found) for name, found in runs.items()}
    return results


@dataclass(frozen=True)
class Added:
    """Milliseconds that the gateway, and nginx, add to the median at half of the gateway's full load: requests a
    second. What nginx adds is what a second hop costs here at least."""

    ours: float
    nginx: float
    rate: float


def added_latency(stage: Stage, full: float, rounds: int, seconds: float) -> Added:
    """At half load, by rounds each of which asks all in turn."""
    delay = max(1, round(CONNECTIONS / (full / 2) * 1e3))
    turns = [
        {name: stage.load(name, PATHS[0], seconds, delay) for name in ("direct", "nginx", "ours")}
        for _ in range(rounds)
    ]

    def added(name: str) -> float:
        return statistics.median(turn[name].p50 - turn["direct"].p50 for turn in turns)

    return Added(added("ours"), added("nginx"), statistics.median(turn["ours"].rate for turn in turns))


def median(loads: list[Load]) -> Load:
    """Of each figure."""
    return Load(*(statistics.median(getattr(one, name) for one in loads) for name in ("rate", "p50", "p99", "cpu")))


def bars(results: dict[str, dict[str, Load]], added: Added) -> list[Bar]:
    """The claims."""
    found = []
    for path, loads in results.items():
        ours = loads["ours"]
        found.append(Bar(f"{path}: x usual by CPU", loads["usual"].cpu / ours.cpu, 10, at_least=True))
        found.append(Bar(f"{path}: x usual by throughput", ours.rate / loads["usual"].rate, 10, at_least=True))
        found.append(Bar(f"{path}: x nginx by CPU", loads["nginx"].cpu / ours.cpu, 0.25, at_least=True))
    found.append(Bar("ms added to p50 at half load", added.ours, 0.5, at_least=False))
    return found


def main() -> int:
    """1 when a bar is missed."""
    parser = argparse.ArgumentParser(description="what the gateway costs, beside its peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, staged(Path(folder)) as stage:
        results = compare(stage, options.rounds, options.seconds)
        added = added_latency(stage, results[PATHS[0]]["ours"].rate, options.rounds, options.seconds)
    held = bars(results, added)
    if options.json:
        loads = {path: {name: asdict(one) for name, one in found.items()} for path, found in results.items()}
        print(
            json.dumps(
                {"load": loads, "half": asdict(added), "bars": [{**asdict(bar), "held": bar.held} for bar in held]},
                indent=2,
            )
        )
    else:
        print(f"load average at the start: {began:.1f}")
        for path, found in results.items():
            print(f"\n{path:22}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU us':>9}{'x nginx':>9}")
            for name, one in found.items():
                ratio = found["nginx"].cpu / one.cpu
                print(f"  {name:20}{one.rate:9.0f}{one.p50:9.2f}{one.p99:9.2f}{one.cpu:9.1f}{ratio:9.2f}")
        print(f"\nhalf load: {added.rate:.0f} requests a second; nginx adds {added.nginx:.2f} ms to p50")
        for bar in held:
            sign = ">=" if bar.at_least else "<="
            print(f"{'held  ' if bar.held else 'MISSED'} {bar.name}: {bar.value:.2f} (bar {sign} {bar.limit})")
    return 0 if all(bar.held for bar in held) else 1


if __name__ == "__main__":
    sys.exit(main())
