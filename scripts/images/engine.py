"""What the docker command is asked to do: build an image from its staged files, and push it."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from image_builds import DOCKERFILE, ImageBuild
from scripts.images.errors import ImagesError

DOCKER = "docker"
_LAST_LINES = 25
_PATIENCE_S = 20

Say = Callable[[str], None]
"""Told each line that the builder writes."""


def check_engine() -> None:
    """ImagesError unless a Docker engine answers."""
    try:
        asked = [DOCKER, "version", "--format", "{{.Server.Version}}"]
        answer = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)
        problem = answer.stderr.strip().partition("\n")[0] if answer.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = str(error)
    if problem:
        raise ImagesError(f"No Docker engine answers ({problem}): start one; only --dry-run and --from need none.")


def build(build: ImageBuild, reference: str, say: Say) -> None:
    """Build the image and call it `reference`. ImagesError with the builder's last lines if that fails."""
    root = build.context.root
    folder = build.stage()
    arguments = [part for name, value in build.arguments.items() for part in ("--build-arg", f"{name}={value}")]
    command = [
        *(DOCKER, "build", "--tag", reference, "--file", f"{folder}/{DOCKERFILE}"),
        *("--target", build.target, "--platform", build.platform, *arguments, folder),
    ]
    _run(f"The image of {build.service} cannot be built", command, root, {}, say)


def push(reference: str, environment: Mapping[str, str], say: Say) -> None:
    """Push the image under its name. `environment` holds the way into the registry (`login.docker_config`)."""
    _run(f"{reference} cannot be pushed", [DOCKER, "push", reference], Path.cwd(), environment, say)


def _run(failure: str, command: Sequence[str], folder: Path, environment: Mapping[str, str], say: Say) -> None:
    last: deque[str] = deque(maxlen=_LAST_LINES)
    # Without a terminal the builder writes line by line, whichever of the two it is.
    surroundings = {**os.environ, "BUILDKIT_PROGRESS": "plain", **environment}
    try:
        process = subprocess.Popen(
            command, cwd=folder, env=surroundings, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
    except OSError as error:
        raise ImagesError(f"{failure}: there is no docker command ({error}).") from error
    with process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        for line in map(str.rstrip, process.stdout):
            if line:
                last.append(line)
                say(line)
    if process.returncode:
        raise ImagesError("\n".join([f"{failure}; the last lines:", *(f"    {line}" for line in last)]))
