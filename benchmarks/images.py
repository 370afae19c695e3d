"""What the images cost: `python -m benchmarks.images`. Needs a Docker engine; takes some minutes the first time.

Everything happens in a copy of the project and in registries on this machine. Bars: an image adds at most 60 MB to its
base; a container is ready at most 1.5 s after it was asked for; building all images without a change takes at most 2 s,
after one changed line in one service at most 15 s, and builds that one alone. Exit code 1 where one is missed.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.local.processes import free_ports
from services import catalog
from tests.support.docker import ROOT, base_images, docker
from tests.support.image_registry import serving
from tests.support.platform import running_platform, state_directory

SIZE_BAR_MB, READY_BAR_S, NO_CHANGE_BAR_S, ONE_LINE_BAR_S = 60.0, 1.5, 2.0, 15.0
STARTS = 5
NAMES = [service.name for service in catalog.SERVICES]


class Figures:
    """The lines that were printed; whether all bars were met."""

    met = True

    def line(self, what: str, value: float, bar: float, unit: str) -> None:
        """One figure beside its bar."""
        good = value <= bar
        self.met = self.met and good
        print(f"{what:<56} {value:7.2f} {unit:<2}  bar {bar:6.1f} {unit:<2}  {'met' if good else 'MISSED'}", flush=True)


def main() -> int:
    """Print all figures; 0 when every bar is met."""
    figures = Figures()
    with tempfile.TemporaryDirectory() as scratch, serving("own", Path(scratch)) as host:
        project = copy_of_the_project(Path(scratch) / "project")
        outputs = Path(scratch) / "outputs.json"
        repositories = {name: f"{host}/bench/{name}" for name in NAMES}
        outputs.write_text(json.dumps({"ecr_repository_urls": repositories}))
        seconds, built = build_and_push(project, outputs)
        print(f"{'all images, the layers that were there reused':<56} {seconds:7.2f} s")
        measure_sizes(figures, built)
        measure_builds(figures, project, outputs)
    measure_starts(figures)
    return 0 if figures.met else 1


def copy_of_the_project(target: Path) -> Path:
    """The files that git knows, as they are now."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def build_and_push(project: Path, outputs: Path) -> tuple[float, list[dict[str, Any]]]:
    """The seconds that the command takes, and its images."""
    command = [sys.executable, "-m", "scripts.build_and_push", "local", "--json", "--outputs", str(outputs)]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    assert done.returncode == 0, done.stderr
    images: list[dict[str, Any]] = json.loads(done.stdout)["images"]
    return seconds, images


def measure_sizes(figures: Figures, built: list[dict[str, Any]]) -> None:
    """Each image's unpacked size above its base's."""
    base = size_of(base_images()["BASE_IMAGE"])
    for image in built:
        reference = f"{image['repository']}:{image['tag']}"
        above = (size_of(reference) - base) / 1e6
        figures.line(f"{image['service']}: size above its base", above, SIZE_BAR_MB, "MB")


def size_of(image: str) -> int:
    return int(docker("image", "inspect", "--format", "{{.Size}}", image))


def measure_builds(figures: Figures, project: Path, outputs: Path) -> None:
    """The command once more, without a change and after a changed line in each service in turn."""
    runs = [build_and_push(project, outputs) for _ in range(3)]
    assert {image["action"] for _, images in runs for image in images} == {"exists"}
    figures.line("all images without a change", statistics.median(seconds for seconds, _ in runs), NO_CHANGE_BAR_S, "s")
    for name in NAMES:
        with (project / f"services/{name}/app.py").open("a") as file:
            file.write(f"\nCHANGED_AT = {time.time_ns()}\n")
        seconds, images = build_and_push(project, outputs)
        built = [image["service"] for image in images if image["action"] == "built"]
        assert built == [name], f"a changed line in {name} built {built}"
        figures.line(f"one changed line in {name}: that image alone", seconds, ONE_LINE_BAR_S, "s")


def measure_starts(figures: Figures) -> None:
    """From asking for one more container of each service, beside a running platform, until it says that it is ready."""
    with state_directory() as state, running_platform(state, "--docker"):
        for running in docker("ps", "--quiet", "--filter", f"label=sri.local={state}").split():
            (described,) = json.loads(docker("inspect", running))
            name = described["Config"]["Cmd"][2].rpartition(".")[2]
            times = [seconds_until_ready(described) for _ in range(STARTS)]
            spread = f"{name}: asked for until ready (of {STARTS}: {min(times):.2f} to {max(times):.2f})"
            figures.line(spread, statistics.median(times), READY_BAR_S, "s")


def seconds_until_ready(described: dict[str, Any]) -> float:
    """Another container with the same image, environment and command, on another port."""
    (port,) = free_ports(1)
    command = [*described["Config"]["Cmd"][:-1], str(port)]
    variables = [part for value in described["Config"]["Env"] for part in ("--env", value)]
    options = ["--rm", "--detach", "--network", "host", "--read-only", "--cap-drop", "ALL", *variables]
    began = time.perf_counter()
    started = docker("run", *options, described["Config"]["Image"], *command)
    with stopped(started):
        while not is_ready(port):
            assert time.perf_counter() - began < 30, docker("logs", started)
            time.sleep(0.01)
        return time.perf_counter() - began


@contextmanager
def stopped(container: str) -> Iterator[None]:
    """The container is gone after the block."""
    try:
        yield
    finally:
        docker("rm", "--force", container)


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main())
