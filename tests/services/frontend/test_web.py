"""The web app's package: what it is built from, and its own tests."""

from __future__ import annotations

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
