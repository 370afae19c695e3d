"""The whole platform under steady load for minutes: whether memory and latency stay where they are.

    python -m benchmarks.soak                    ten minutes
    python -m benchmarks.soak --minutes 2        a shorter one

Users' requests (a page of products, oneself) go to the gateway of a platform of its own at about half of what it
bears on two cores. Each ten seconds: latencies by wrk, and each service's memory. Writes benchmarks/output/soak.png
and soak.json. Needs `wrk`.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from scripts.local.state import read_json
from tests.e2e.faulty import process_of
from tests.support.people import PASSWORD, People
from tests.support.platform import Platform, running_platform, state_directory

OUTPUT = Path(__file__).parent / "output"
SERVICES = ("gateway", "identity", "data")
WINDOW_SECONDS = 10
CONNECTIONS = 8
SCRIPT = """
local paths, at = {"/api/v1/products", "/api/v1/users/me"}, 0
function request()
  at = at %% #paths + 1
  return wrk.format("GET", paths[at])
end
function delay() return %d end
"""
WARM = 0.2
"""The share of the run that is left out: caches and allocators fill."""
MEMORY_GROWTH, LATENCY_GROWTH = 1.10, 1.5


@dataclass(frozen=True)
class Window:
    """Ten seconds: requests, how many were no 2xx, latencies in milliseconds, memory of each service in MiB."""

    requests: int
    failed: int
    p50: float
    p99: float
    memory: Mapping[str, float]


def soak(platform: Platform, minutes: float, delay: int) -> list[Window]:
    """The windows of the whole run."""
    people = People(platform)
    person = people.signed_up()
    token = people.post("/auth/login", {"email": person.email, "password": PASSWORD}).json()["access_token"]
    processes = {name: process_of(platform, name) for name in SERVICES}
    port = read_json(platform.state_dir / "run.json")["ports"]["services"]["gateway"]
    script = platform.state_dir / "soak.lua"
    script.write_text(SCRIPT % delay)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{WINDOW_SECONDS}s", "--latency", "-s", str(script)]
    command += ["-H", f"Authorization: Bearer {token}", f"http://127.0.0.1:{port}"]
    return [_window(command, processes) for _ in range(round(minutes * 60 / WINDOW_SECONDS))]


def _window(command: Sequence[str], processes: Mapping[str, psutil.Process]) -> Window:
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    errors = [int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", output)]
    memory = {name: process.memory_info().rss / 2**20 for name, process in processes.items()}
    requests = re.search(r"(\d+) requests in", output)
    assert requests, output
    return Window(
        int(requests[1]),
        (int(failed[1]) if failed else 0) + sum(errors),
        _milliseconds(output, 50),
        _milliseconds(output, 99),
        memory,
    )


def _milliseconds(output: str, percentile: int) -> float:
    found = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s)", output)
    assert found, output
    return float(found[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[found[2]]


def growth(values: Sequence[float]) -> float:
    """The last third of a run by its first, without what it took to get warm."""
    warm = values[int(len(values) * WARM) :]
    third = max(1, len(warm) // 3)
    return statistics.median(warm[-third:]) / statistics.median(warm[:third])


def findings(windows: Sequence[Window]) -> dict[str, tuple[float, float]]:
    """Name -> (growth, the most that it may be)."""
    found = {
        f"memory of {name}": (growth([window.memory[name] for window in windows]), MEMORY_GROWTH) for name in SERVICES
    }
    found["p50"] = growth([window.p50 for window in windows]), LATENCY_GROWTH
    return found


def plot(windows: Sequence[Window], path: Path) -> None:
    """Latencies above, memory below, over the minutes."""
    import matplotlib as mpl  # noqa: PLC0415  # slow to load

    mpl.use("agg")
    from matplotlib import pyplot  # noqa: PLC0415

    minutes = [(number + 1) * WINDOW_SECONDS / 60 for number in range(len(windows))]
    figure, (latency, memory) = pyplot.subplots(2, 1, sharex=True, figsize=(9, 6), layout="constrained")
    for name in ("p50", "p99"):
        latency.plot(minutes, [getattr(window, name) for window in windows], label=name)
    for name in SERVICES:
        memory.plot(minutes, [window.memory[name] for window in windows], label=name)
    latency.set(ylabel="ms", title="a page of products, oneself", yscale="log")
    memory.set(ylabel="MiB", xlabel="minutes", ylim=(0, None))
    for axes in (latency, memory):
        axes.legend()
        axes.grid(visible=True, alpha=0.3)
    figure.savefig(path, dpi=120)


def main() -> int:
    """1 when something grew, or a request failed."""
    parser = argparse.ArgumentParser(description="the platform under steady load")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--delay", type=int, default=15, help="milliseconds between a connection's requests")
    options = parser.parse_args()
    OUTPUT.mkdir(exist_ok=True)
    with state_directory() as state_dir, running_platform(state_dir) as platform:
        windows = soak(platform, options.minutes, options.delay)
    (OUTPUT / "soak.json").write_text(json.dumps([asdict(window) for window in windows], indent=1))
    plot(windows, OUTPUT / "soak.png")
    requests, failed = sum(window.requests for window in windows), sum(window.failed for window in windows)
    print(f"{requests} requests in {options.minutes:g} minutes, {failed} failed")
    found = findings(windows)
    for name, (value, most) in found.items():
        print(f"{'held  ' if value <= most else 'MISSED'} {name}: x {value:.2f} (at most {most})")
    return 0 if not failed and all(value <= most for value, most in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
