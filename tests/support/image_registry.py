"""Registries of images on this machine: the local run's own, and Debian's `docker-registry` where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.local import image_registry
from scripts.local.control_plane import is_up
from scripts.local.processes import HOST, free_ports


@contextmanager
def serving(kind: str, folder: Path) -> Iterator[str]:
    """Host and port of a registry of the kind, own or debian, for as long as the block lasts."""
    (port,) = free_ports(1)
    if kind == "own":
        command = list(image_registry.command(port, folder / "images").argv)
    else:
        if shutil.which("docker-registry") is None:
            pytest.skip("there is no docker-registry here")
        settings = {
            "version": 0.1, "log": {"level": "error"}, "http": {"addr": f"{HOST}:{port}"},
            "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
        }  # fmt: skip
        (folder / "registry.yml").write_text(json.dumps(settings))
        command = ["docker-registry", "serve", str(folder / "registry.yml")]
    with (folder / "registry.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        deadline = time.monotonic() + 20
        while not is_up(f"http://{HOST}:{port}"):
            assert process.poll() is None, (folder / "registry.log").read_text()
            assert time.monotonic() < deadline, (folder / "registry.log").read_text()
            time.sleep(0.02)
        yield f"{HOST}:{port}"
        process.terminate()
