"""The web app's package: what it is built from, and its own tests."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

WEB = Path(__file__).parents[3] / "services" / "frontend" / "web"


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((WEB / name).read_text())
    return content


def test_the_web_app_passes_its_own_tests() -> None:
    if shutil.which("npm") is None or not (WEB / "node_modules").exists():
        pytest.skip("the web app's packages are not installed: run `make web`")
    run = subprocess.run(["npm", "run", "--silent", "test"], cwd=WEB, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    assert re.search(r"^# pass [1-9]", run.stdout, re.MULTILINE), run.stdout


def test_every_package_is_pinned_to_one_version() -> None:
    package = load("package.json")
    versions = package["dependencies"] | package["devDependencies"]
    assert {name: text for name, text in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", text)} == {}


def test_the_lock_holds_hashes_and_leaves_open_where_packages_come_from() -> None:
    locked = {name: entry for name, entry in load("package-lock.json")["packages"].items() if name}
    assert [name for name, entry in locked.items() if "resolved" in entry] == []
    assert [name for name, entry in locked.items() if not entry.get("integrity", "").startswith("sha512-")] == []


def test_no_package_runs_a_script_when_it_is_installed() -> None:
    """The one exception is fsevents, which only macOS installs and which needs its script for nothing we use."""
    locked = load("package-lock.json")["packages"]
    assert {name for name, entry in locked.items() if entry.get("hasInstallScript")} <= {"node_modules/fsevents"}


def built() -> Path:
    dist = WEB / "dist"
    if not dist.exists():
        pytest.skip("the web app is not built: run `make web`")
    return dist


def gzipped(dist: Path, pattern: str) -> int:
    """Bytes of all files that match, each compressed on its own, as they travel."""
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in dist.rglob(pattern))


def test_all_scripts_together_take_at_most_20_kb() -> None:
    assert 0 < gzipped(built(), "*.js") <= 20_000


def test_all_styles_together_take_at_most_8_kb() -> None:
    assert 0 < gzipped(built(), "*.css") <= 8_000


def test_nothing_comes_from_another_origin() -> None:
    """The one name of another place in the built app is a namespace of XML, which nobody fetches."""
    texts = [path.read_text() for path in built().rglob("*") if path.suffix in {".js", ".css", ".html"}]
    named = {url for text in texts for url in re.findall(r"""(?:https?:)?//[\w.-]+\.\w+[^\s"'`)]*""", text)}
    assert {url for url in named if not url.startswith("http://www.w3.org/")} == set()


def test_every_asset_has_a_compressed_copy_that_is_the_same() -> None:
    assets = [path for path in (built() / "assets").iterdir() if path.suffix in {".js", ".css", ".svg"}]
    assert {path.suffix for path in assets} == {".js", ".css", ".svg"}
    for path in assets:
        assert gzip.decompress(Path(f"{path}.gz").read_bytes()) == path.read_bytes()
        assert 0 < Path(f"{path}.br").stat().st_size < path.stat().st_size
