"""Containers instead of processes, where a Docker engine answers: the images that the program describes.

They share the machine's network, for the emulators and the services listen on 127.0.0.1. The digests of images in
the emulated registry are no real ones, so each image is also known to the engine by a local name made of its digest.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.local.errors import LocalRunError
from scripts.local.processes import Command, base_environment
from scripts.local.state import State, read_json
from scripts.local.tasks import Task, run_to_end

DOCKER = "docker"
LABEL = "sri.local"
BUILD_PATIENCE_S = 1800
ARGUMENTS = {"RDS_CERTIFICATES": "services/shared/requirements.txt"}
"""Amazon's certificates are of no use here, and need the internet: any file of the context stands in for them."""


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


def local_name(reference: str) -> str:
    """The engine's name for `registry/name@sha256:hex`: name:hex."""
    path, _, digest = reference.partition("@")
    return f"{path.rpartition('/')[2]}:{digest.rpartition(':')[2][:32]}"


def build(reference: str, described: Mapping[str, Any], program: Path, state: State) -> None:
    """Build the image from its `build` block, unless there is one of this digest; LocalRunError if that fails."""
    name = local_name(reference)
    if docker("image", "inspect", name).returncode == 0:
        return
    arguments = {**(described.get("args") or {}), **ARGUMENTS}
    argv = [
        *(DOCKER, "build", "--tag", name, "--file", str(described["dockerfile"])),
        *("--target", str(described["target"]), "--platform", str(described["platform"])),
        *(part for key, value in arguments.items() for part in ("--build-arg", f"{key}={value}")),
        str(described["context"]),
    ]
    building = Command(argv=argv, env=environment(), cwd=program)
    run_to_end(f"image-{name.partition(':')[0]}", building, state, patience=BUILD_PATIENCE_S)


def command(task: Task, state: State) -> Command:
    """The task as a container that lives as long as this command; values of variables stay out of its arguments."""
    options = ["--rm", "--network", "host", "--label", f"{LABEL}={state.root}", "--cap-drop", "ALL"]
    options += ["--read-only"] if task.read_only else []
    options += ["--user", task.user] if task.user else []
    options += [part for name in task.environment for part in ("--env", name)]
    argv = [DOCKER, "run", "--init", *options, local_name(task.image), *task.argv]
    return Command(argv=argv, env=environment() | task.environment)


def remove_all(state: State) -> None:
    """Remove what a killed docker command left behind, if the last run used containers."""
    if not read_json(state.run).get("docker"):
        return
    left = docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}={state.root}").stdout.split()
    if left:
        docker("rm", "--force", *left)
