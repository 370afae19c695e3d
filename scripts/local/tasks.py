"""From a task definition in the emulator to a process on this machine."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

from scripts.local.errors import LocalRunError
from scripts.local.processes import Command, base_environment, last_lines
from scripts.local.registry import Registry
from scripts.local.state import REPOSITORY, State
from scripts.secret_reference import SecretReferenceError, value_of

if TYPE_CHECKING:  # the supervisor reads tasks too, and has no use for boto3
    from scripts.local.engine.cloud import Cloud

POOL_SECRET = "COGNITO_CLIENT_SECRET"  # noqa: S105 - the name of a variable
"""Whoever is told it talks to the user pool; all others only verify tokens."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What one container runs: `environment` is complete, with its secrets' values. `port` is None without one.

    `user` and `read_only` (the root file system) matter to containers only.
    """

    name: str
    family: str
    argv: list[str]
    environment: dict[str, str]
    image: str
    port: int | None
    user: str = ""
    read_only: bool = False

    def command(self) -> Command:
        """The container's command as a process: in the repository, by the Python that runs us."""
        argv = [sys.executable, *self.argv[1:]] if self.argv[0] == "python" else self.argv
        return Command(argv=argv, env=base_environment() | self.environment, cwd=REPOSITORY)


def read_task(
    cloud: Cloud, definition: str, machine: dict[str, str], pool_access: dict[str, str] | None = None
) -> Task:
    """The task of a task definition. `machine` is what an ECS host would add to its environment, and `pool_access`, if
    given, what it adds instead for the one that talks to a deployed user pool.

    LocalRunError if it is not of one container with a command.
    """
    found = cloud.call("ecs.describe_task_definition", taskDefinition=definition)["taskDefinition"]
    containers = found["containerDefinitions"]
    if len(containers) != 1:
        raise LocalRunError(f"{found['family']}: the local run knows tasks of one container, not of {len(containers)}")
    container = containers[0]
    argv = [*container.get("entryPoint", []), *container.get("command", [])]
    if not argv:
        raise LocalRunError(f"{found['family']}: its container has no command, and the local run has no image to ask")
    plain = {item["name"]: item["value"] for item in container.get("environment", [])}
    secret = {item["name"]: secret_value(cloud, item["valueFrom"]) for item in container.get("secrets", [])}
    ports = [mapping["containerPort"] for mapping in container.get("portMappings", [])]
    return Task(
        name=container["name"],
        family=found["family"],
        argv=argv,
        environment={
            **(machine if pool_access is None or POOL_SECRET not in secret else pool_access),
            **plain,
            **secret,
        },
        image=container["image"],
        port=ports[0] if ports else None,
        user=container.get("user", ""),
        read_only=container.get("readonlyRootFilesystem", False),
    )


def secret_value(cloud: Cloud, reference: str) -> str:
    """The value that `ARN` or `ARN:member:stage:version` stands for, as the ECS agent resolves it."""
    manager = SimpleNamespace(get_secret_value=partial(cloud.call, "secretsmanager.get_secret_value"))
    try:
        return value_of(manager, reference)
    except SecretReferenceError as error:
        raise LocalRunError(str(error)) from error


def run_to_end(name: str, command: Command, state: State, patience: float = 300.0) -> None:
    """Run a command that ends by itself; LocalRunError with its last log lines if it fails or takes too long.

    `name` is that of its log, and of its entry in the registry of processes.
    """
    log = state.log(name)
    registry = Registry(state)
    began = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(list(command.argv), **command.options(output))
    registry.add(process.pid, name)
    try:
        code: int | None = process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        code = None
    registry.remove(process.pid)
    if code != 0:
        seconds = time.monotonic() - began
        ending = f"took longer than {patience:.0f} s" if code is None else f"ended with {code} after {seconds:.1f} s"
        lines = "".join(f"\n    {line}" for line in last_lines(log))
        raise LocalRunError(f"{name} {ending}. Its last lines ({log}):{lines}")
