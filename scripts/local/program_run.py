"""One run of the program against the emulators, and what it left in them."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.local import cognito, containers, control_plane
from scripts.local.blueprint import Blueprint, read_blueprint
from scripts.local.engine.cloud import Cloud
from scripts.local.engine.facts import LocalFacts
from scripts.local.engine.run import run_program
from scripts.local.engine.tables import load_sdks
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
    machine = control_plane.environment(request.control_plane_url, request.cognito_url, config["aws:region"])
    os.environ.update(machine)
    local = {"host": HOST, "ports": request.service_ports, "cognito_url": request.cognito_url}
    config[f"{project}:local"] = json.dumps(local)
    load_sdks()
    control_plane.wait(request.control_plane_url)
    cognito.wait(request.cognito_url)
    asyncio.run(request.database.wait())
    facts = local_facts(request, program, machine, note)
    report, cloud = run_program(program, project=project, stack=STACK, config=config, facts=facts, progress=made)
    masked = dict.fromkeys(report.secret_outputs, "[secret]")
    return read_blueprint(cloud, report.outputs | masked, machine)


def local_facts(request: Request, program: Path, machine: dict[str, str], note: Callable[[str], None]) -> LocalFacts:
    """This machine as the engine knows it: tasks run as processes, or in containers of images built first."""
    state = State(Path(request.state))

    def run_task(cloud: Cloud, definition: str) -> None:
        task = read_task(cloud, definition, machine)
        run_to_end(task.family, containers.command(task, state) if request.docker else task.command(), state)

    def build_image(reference: str, described: Mapping[str, Any]) -> None:
        note(f"building {containers.local_name(reference).partition(':')[0]}")
        containers.build(reference, described, program, state)

    return LocalFacts(
        database=request.database,
        front_door=request.front_door,
        state=state,
        run_task=run_task,
        build_image=build_image if request.docker else None,
    )
