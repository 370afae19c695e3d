"""How soon a visitor on a slow phone sees the web app and its sign-in form, beside what is recorded of the usual stack.

    python -m benchmarks.web           the table and the bars, about half a minute
    python -m benchmarks.web --json    the same as JSON

First and largest contentful paint in a real Chromium, with a cold cache and again with a warm one: 1.6 Mbit/s down,
150 ms round trip and a CPU slowed down four times (Lighthouse's slow 4G and mid-tier phone), the built web app served
by its own server. Medians: on a shared machine single runs differ by 100 ms and more, look at the load it prints.
Needs `make web` first. Exit code 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import httpx
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from scripts.local.processes import HOST, Command, base_environment, free_ports, running
from scripts.local.state import REPOSITORY
from tests.support.browser import FLAGS, chromium_path

ROUNDS = 9
BAR_MS = 900
BAR_SCRIPT_BYTES = 20_000
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750}
CPU_SLOWDOWN = 4
USUAL_STACK = {"paint_ms": 1664, "script_bytes": 154_341}
"""React 19, React Router 7, MobX, axios and aws-amplify 6 with the same pages, recorded under the same conditions (cold
cache, median of 5). It shows nothing before its form, so that one figure is both."""

DIST = REPOSITORY / "services/frontend/web/dist"
ENVIRONMENT = {
    "ENVIRONMENT": "prod",
    "LOG_LEVEL": "warning",
    "AWS_REGION": "eu-central-1",
    "COGNITO_USER_POOL_ID": "eu-central-1_benchmark",
    "COGNITO_CLIENT_ID": "benchmark",
    "COGNITO_ISSUER": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_benchmark",
    "COGNITO_JWKS_URL": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_benchmark/.well-known/jwks.json",
}


class Visit(NamedTuple):
    """Milliseconds from the start of the navigation until the brand is seen, and until the form is."""

    first_ms: float
    largest_ms: float


@dataclass(frozen=True)
class Result:
    """Medians of cold and warm visits, bytes of all scripts as they travel (gzip), load average."""

    cold: Visit
    warm: Visit
    script_bytes: int
    load: float

    @property
    def met(self) -> bool:
        """Whether both bars hold."""
        return self.cold.first_ms <= BAR_MS and self.script_bytes <= BAR_SCRIPT_BYTES


@contextmanager
def served() -> Iterator[str]:
    """The web app's own server; its origin."""
    (port,) = free_ports(1)
    argv = [sys.executable, "-m", "services.frontend", "serve", "--host", HOST, "--port", str(port)]
    command = Command(argv=argv, env=base_environment() | ENVIRONMENT, cwd=REPOSITORY)
    origin = f"http://{HOST}:{port}"
    with tempfile.TemporaryDirectory() as folder, running(command, Path(folder) / "frontend.log"):
        wait(origin)
        yield origin


def wait(origin: str) -> None:
    """Until the server answers; httpx.TransportError when it has not within 15 seconds."""
    with httpx.Client(transport=httpx.HTTPTransport(retries=5)) as client:  # waits 0, 0.5, 1, 2, 4, 8 seconds
        client.get(f"{origin}/health/ready").raise_for_status()


def visit(context: BrowserContext, url: str) -> Visit:
    """One visit, slowed down (Paint Timing, Largest Contentful Paint)."""
    tab = context.new_page()
    devtools = context.new_cdp_session(tab)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", SLOW_4G)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
    tab.goto(url)
    tab.get_by_role("button", name="Sign in").wait_for()
    tab.wait_for_load_state("networkidle")
    first, largest = tab.evaluate("""() => new Promise((resolve) => new PerformanceObserver((list) => resolve([
        performance.getEntriesByName("first-contentful-paint")[0].startTime, list.getEntries().at(-1).startTime,
    ])).observe({ type: "largest-contentful-paint", buffered: true }))""")
    tab.close()
    return Visit(first, largest)


def measure(browser: Browser, origin: str) -> tuple[Visit, Visit]:
    """One visit with nothing in the cache, then one more."""
    context = browser.new_context()
    visits = visit(context, f"{origin}/login"), visit(context, f"{origin}/login")
    context.close()
    return visits


def medians(visits: Iterable[Visit]) -> Visit:
    """Of each figure."""
    return Visit(*(statistics.median(figures) for figures in zip(*visits, strict=True)))


def run(rounds: int) -> Result:
    """Measure as often as told."""
    with served() as origin, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        measure(browser, origin)
        cold, warm = zip(*(measure(browser, origin) for _ in range(rounds)), strict=True)
        browser.close()
    scripts = sum(len(gzip.compress(path.read_bytes(), 9)) for path in DIST.rglob("*.js"))
    return Result(medians(cold), medians(warm), scripts, os.getloadavg()[0])


def plain(result: Result) -> dict[str, object]:
    """For machines."""
    return asdict(result) | {"cold": result.cold._asdict(), "warm": result.warm._asdict()}


def table(result: Result) -> str:
    """For people."""
    verdict = "met" if result.met else "MISSED"
    rows = (
        ("", "here", "React + Amplify (recorded)"),
        ("first contentful paint, cold cache", f"{result.cold.first_ms:.0f} ms", f"{USUAL_STACK['paint_ms']} ms"),
        ("the form is there, cold cache", f"{result.cold.largest_ms:.0f} ms", f"{USUAL_STACK['paint_ms']} ms"),
        ("first contentful paint, warm cache", f"{result.warm.first_ms:.0f} ms", "-"),
        ("the form is there, warm cache", f"{result.warm.largest_ms:.0f} ms", "-"),
        ("all JavaScript, gzip", f"{result.script_bytes:,} bytes", f"{USUAL_STACK['script_bytes']:,} bytes"),
    )
    lines = [f"{name:38}{here:>14}{usual:>30}" for name, here, usual in rows]
    bars = f"bars: first paint <= {BAR_MS} ms, JavaScript <= {BAR_SCRIPT_BYTES:,} bytes: {verdict}"
    return "\n".join([*lines, f"{bars}; load average {result.load:.1f}"])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    result = run(options.rounds)
    recorded = {"usual_stack": USUAL_STACK, "bar_ms": BAR_MS, "bar_script_bytes": BAR_SCRIPT_BYTES, "met": result.met}
    print(json.dumps(plain(result) | recorded, indent=2) if options.json else table(result))
    sys.exit(not result.met)


if __name__ == "__main__":
    main()
