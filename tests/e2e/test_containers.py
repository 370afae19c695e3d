"""The end-to-end walk over the real images, pushed to a registry on this machine and pulled from it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from scripts.local.state import REPOSITORY
from tests.support.docker import require_engine
from tests.support.platform import UP_OPTIONS


@pytest.mark.docker
@pytest.mark.timeout(1200)
def test_the_walk_passes_over_containers() -> None:
    require_engine()
    walk = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "tests/e2e/test_api_walk.py",
    ]
    environment = {**os.environ, UP_OPTIONS: "--docker"}
    done = subprocess.run(
        walk, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=1100, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
