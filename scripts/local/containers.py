"""Containers instead of processes, where a Docker engine answers.

They share the machine's network, for the emulators and the services listen on 127.0.0.1. Their images are pulled by
digest from the registry that `publishing` pushed them to.
"""

from __future__ import annotations

import os
import subprocess

from scripts.local.errors import LocalRunError
from scripts.local.processes import Command, base_environment
from scripts.local.state import State, read_json
from scripts.local.tasks import Task

DOCKER = "docker"
LABEL = "sri.local"


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
