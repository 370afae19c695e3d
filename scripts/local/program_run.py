"""One run of the program against the emulators, and what it left in them."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from scripts.images.registry import Manifest
from scripts.local import cognito, containers, control_plane, publishing
from scripts.local.blueprint import Blueprint, read_blueprint
from scripts.local.deployed_pool import callers_environment
from scripts.local.engine.cloud import Cloud
from scripts.local.engine.facts import LocalFacts
from scripts.local.engine.run import run_program
from scripts.local.engine.tables import load_sdks
from scripts.local.pool_access import PoolAccess, read_pool, services_environment
from scripts.local.processes import HOST
from scripts.local.program_request import Request
from scripts.local.project import STACK, read_project
from scripts.local.state import State
from scripts.local.tasks import read_task, run_to_end


def run(request: Request, made: Callable[[str, str], None], note: Callable[[str], None]) -> Blueprint:
    """Run the program. `made` is told each resource (type, name), `note` what takes long.

    LocalRunError for what is wrong with the program, or with what stands around it.
    """
    program = Path(request.program)
    project, config = read_project(program)
    access, of_pool = take_over_pool(request, config) if request.pool else (None, None)
    # With a deployed pool, whoever is not given leave to talk to it finds the emulator that knows of no pool.
    pools = request.control_plane_url if request.pool else request.cognito_url
    machine = control_plane.environment(request.control_plane_url, pools, config["aws:region"])
    os.environ.update(machine)
    local = {"host": HOST, "ports": request.service_ports, "cognito_url": request.cognito_url}
    config[f"{project}:local"] = json.dumps(local)
    load_sdks()
    control_plane.wait(request.control_plane_url)
    if access is None:
        cognito.wait(request.cognito_url)
    asyncio.run(request.database.wait())
    facts = replace(local_facts(request, program, machine, note), pool=access)
    report, cloud = run_program(program, project=project, stack=STACK, config=config, facts=facts, progress=made)
    masked = dict.fromkeys(report.secret_outputs, "[secret]")
    return read_blueprint(cloud, report.outputs | masked, machine, of_pool)


def take_over_pool(request: Request, config: dict[str, str]) -> tuple[PoolAccess, dict[str, str]]:
    """The deployed pool, read by the caller's leave, and that leave, which then is no longer in our own environment.

    The region becomes the pool's: every service is told one region.
    """
    assert request.pool is not None  # noqa: S101 - only then
    access = read_pool(request.pool, f"http://{request.front_door}")
    leave = services_environment(frozen=bool(request.registry))
    for name in callers_environment():
        del os.environ[name]
    config["aws:region"] = request.pool.region
    return access, leave


def local_facts(request: Request, program: Path, machine: dict[str, str], note: Callable[[str], None]) -> LocalFacts:
    """This machine as the engine knows it: tasks run as processes, or in containers of images built first."""
    state = State(Path(request.state))

    def run_task(cloud: Cloud, definition: str) -> None:
        task = read_task(cloud, definition, machine)
        run_to_end(task.family, containers.command(task, state) if request.registry else task.command(), state)

    def publish(image: str, described: Mapping[str, Any]) -> Manifest:
        return publishing.publish(image, described, program, state, note)

    return LocalFacts(
        database=request.database,
        front_door=request.front_door,
        state=state,
        run_task=run_task,
        registry=request.registry,
        publish=publish if request.registry else None,
    )
