"""Containers instead of processes, where a Docker engine answers: the images that the program describes.

The images are pushed to a registry on 127.0.0.1 and pulled from it by digest. Containers share the machine's network,
for the emulators and the services listen on 127.0.0.1.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.images.errors import ImagesError
from scripts.images.registry import Manifest, Repository
from scripts.local.control_plane import is_up
from scripts.local.errors import LocalRunError
from scripts.local.processes import Command, base_environment, wait_until
from scripts.local.state import State, read_json
from scripts.local.tasks import Task, run_to_end

DOCKER = "docker"
LABEL = "sri.local"
BUILD_PATIENCE_S = 1800
REGISTRY_PATIENCE_S = 30.0


def environment() -> dict[str, str]:
    """What the docker command needs to find its engine."""
    return base_environment() | {name: value for name, value in os.environ.items() if name.startswith("DOCKER_")}


def docker(*arguments: str, patience: float = 30) -> subprocess.CompletedProcess[str]:
    """One docker command; OSError if there is no such command."""
    return subprocess.run(
        [DOCKER, *arguments], env=environment(), capture_output=True, text=True, check=False, timeout=patience
    )


def check_engine() -> None:
    """LocalRunError unless an engine answers."""
    try:
        answer = docker("version", "--format", "{{.Server.Version}}")
        problem = answer.stderr.strip().partition("\n")[0] if answer.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = str(error)
    if problem:
        raise LocalRunError(f"No Docker engine answers ({problem}): start one, or leave --docker out.")


def publish(
    image: str, described: Mapping[str, Any], program: Path, state: State, note: Callable[[str], None]
) -> Manifest:
    """Have `image` (registry/name:tag, the tag by its content) in its registry: built from its `build` block, unless it
    is there from the last run. Its manifest; LocalRunError if it cannot be built or pushed.
    """
    url, _, tag = image.rpartition(":")
    repository, name = Repository(url), url.rpartition("/")[2]
    try:
        # It starts at the same time as the program.
        wait_until(
            lambda: is_up(f"http://{repository.host}"),
            f"the registry of images at {repository.host}",
            REGISTRY_PATIENCE_S,
        )
        if repository.digest(tag) is None:
            note(f"building {name}")
            _run(f"image-{name}", _build(image, described), program, state)
            note(f"pushing {name}")
            _run(f"image-{name}", ["push", image], program, state)
        return repository.manifest(tag)
    except ImagesError as error:
        raise LocalRunError(str(error)) from error


def _build(image: str, described: Mapping[str, Any]) -> list[str]:
    arguments: Mapping[str, str] = described.get("args") or {}
    return [
        *("build", "--tag", image, "--file", str(described["dockerfile"])),
        *("--target", str(described["target"]), "--platform", str(described["platform"])),
        *(part for key, value in arguments.items() for part in ("--build-arg", f"{key}={value}")),
        str(described["context"]),
    ]


def _run(name: str, arguments: list[str], program: Path, state: State) -> None:
    command = Command(argv=[DOCKER, *arguments], env=environment(), cwd=program)
    run_to_end(name, command, state, patience=BUILD_PATIENCE_S)


def command(task: Task, state: State) -> Command:
    """The task as a container that lives as long as this command; values of variables stay out of its arguments."""
    options = ["--rm", "--network", "host", "--label", f"{LABEL}={state.root}", "--cap-drop", "ALL"]
    options += ["--read-only"] if task.read_only else []
    options += ["--user", task.user] if task.user else []
    options += [part for name in task.environment for part in ("--env", name)]
    # Always asked for by its digest, as ECS does it: what runs is what the registry has.
    argv = [DOCKER, "run", "--init", "--pull", "always", *options, task.image, *task.argv]
    return Command(argv=argv, env=environment() | task.environment)


def remove_all(state: State) -> None:
    """Remove what a killed docker command left behind, if the last run used containers."""
    if not read_json(state.run).get("docker"):
        return
    left = docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}={state.root}").stdout.split()
    if left:
        docker("rm", "--force", *left)
