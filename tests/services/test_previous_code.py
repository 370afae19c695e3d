"""The release before the newest revision passes its own tests on the schema that the newest revision leaves.

So it can run while a deploy rolls, and after it is rolled back. The release is the commit before the one that added the
revision; its tests run from a copy of that commit, over a database that this commit's migrate command prepares.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.local.postgres import Server
from services.catalog import SERVICES, Need
from services.shared.migrations import folder_of, newest_revision

pytestmark = pytest.mark.drill

PATIENCE = 240
"""Seconds: a whole suite runs, on a machine that may be busy."""
ROOT = Path(__file__).resolve().parents[2]

PLUGIN = f"""
import os, subprocess, sys

def migrate(package, name, settings):
    values = {{key.upper(): str(getattr(value, "get_secret_value", lambda: value)()) for key, value in settings}}
    command = [sys.executable, "-m", package, "migrate"]
    return subprocess.run(command, cwd={str(ROOT)!r}, env={{"PATH": os.environ["PATH"], **values}}).returncode

def pytest_sessionstart(session):
    from tests.support import migrated
    migrated.migrate = migrate
"""

NOT_OF_THE_SCHEMA = "without_the_pool or sealing or pool_errors"
"""What a schema has no part in, and takes long: the wait for a pool that is away."""

NAMES = [
    service.name
    for service in SERVICES
    if Need.DATABASE in service.needs and newest_revision(folder_of(f"services.{service.name}")) != "0001"
]


def git(*arguments: str) -> str:
    """What git says; skips the test where there is no history to ask."""
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        pytest.skip(f"no history: {run.stderr.strip()}")
    return run.stdout.strip()


def commit_before_newest_revision(name: str) -> str:
    folder = folder_of(f"services.{name}")
    (revision,) = folder.glob(f"{newest_revision(folder)}_*.py")
    added = git("log", "--diff-filter=A", "--format=%H", "--", str(revision.relative_to(ROOT)))
    if not added:
        pytest.skip("the newest revision is not committed yet")
    return git("rev-parse", f"{added.splitlines()[-1]}^")


@pytest.mark.timeout(2 * PATIENCE)
@pytest.mark.parametrize("name", NAMES)
def test_the_release_before_passes_its_tests_on_the_new_schema(
    name: str, tmp_path: Path, postgres_server: Server
) -> None:
    archive = tmp_path / "release.tar"
    git("archive", "--output", str(archive), commit_before_newest_revision(name))
    release = tmp_path / "release"
    release.mkdir()
    subprocess.run(["tar", "-xf", str(archive), "-C", str(release)], check=True)
    (release / "newer_schema.py").write_text(PLUGIN)
    server = postgres_server
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONPATH": str(release),
        "DATABASE_URL": f"postgresql://{server.user}:{server.password}@{server.host}:{server.port}/postgres",
    }
    command = [sys.executable, "-m", "pytest", "-p", "newer_schema", "-q", "-k", f"not ({NOT_OF_THE_SCHEMA})"]
    run = run_in(release, environment, [*command, f"tests/services/{name}"])
    if run.returncode == 1:  # an impatient test of a past release cannot be mended any more: a second chance
        run = run_in(release, environment, [*command, "--last-failed", f"tests/services/{name}"])
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert " passed" in run.stdout


def run_in(folder: Path, environment: dict[str, str], command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
