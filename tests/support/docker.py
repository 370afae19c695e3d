"""What tests of images need: a Docker engine that has the base images, or a plain word why they are skipped."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def docker(*arguments: str, timeout: float = 600) -> str:
    """What one docker command writes; it must succeed."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr[-2000:]}"
    return done.stdout.strip()


def base_images() -> dict[str, str]:
    """The Dockerfile's own base images, by argument."""
    text = (ROOT / "services/Dockerfile").read_text()
    return dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)", text, re.MULTILINE))


def require_engine() -> None:
    """Skip the test unless an engine answers and can have the base images."""
    try:
        docker("version", timeout=20)
    except (AssertionError, OSError, subprocess.TimeoutExpired):
        pytest.skip("no Docker engine answers")
    for image in base_images().values():
        try:
            docker("image", "inspect", image)
        except AssertionError:
            try:
                docker("pull", "--quiet", image)
            except AssertionError:
                pytest.skip(f"the engine cannot have {image}")
