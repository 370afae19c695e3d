"""Runs the program and reads back what it made: a process of its own, so that Pulumi's memory is gone afterwards.

`python -m scripts.local.provision` takes a Request as JSON on standard input and writes one JSON object a line to
standard output: {"made": [type, name]} for each resource, {"note": text} for what takes long, and at the end
{"blueprint": ...} or {"failed": message}.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.local import cognito, control_plane
from scripts.local.errors import LocalRunError
from scripts.local.postgres import Server
from scripts.local.processes import HOST
from scripts.local.state import State

STACK = "local"
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the program's run needs to know of this machine; `service_ports`: service -> port."""

    program: str
    state: str
    control_plane_url: str
    cognito_url: str
    front_door: str
    database: Server
    service_ports: dict[str, int]
    docker: bool = False

    def to_json(self) -> str:
        """As JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Request:
        """The reverse of `to_json`."""
        content = json.loads(text)
        return cls(**{**content, "database": Server(**content["database"])})


def read_project(program: Path) -> tuple[str, dict[str, str]]:
    """The project's name, and the configuration of its stack `local`, with full keys and texts as Pulumi stores them.

    LocalRunError if a file is missing or has what only Pulumi's own command can read.
    """
    project = read_yaml(program / "Pulumi.yaml")
    name = str(project.get("name"))
    stack = read_yaml(program / f"Pulumi.{STACK}.yaml")
    config: dict[str, str] = {}
    for key, value in (stack.get("config") or {}).items():
        if isinstance(value, Mapping) and "secure" in value:
            raise LocalRunError(f"Pulumi.{STACK}.yaml: {key} is encrypted, and the local run has no key for it")
        full = key if ":" in key else f"{name}:{key}"
        config[full] = value if isinstance(value, str) else json.dumps(value)
    config.setdefault("aws:region", DEFAULT_REGION)
    return name, config


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; LocalRunError if there is none."""
    try:
        content = yaml.safe_load(path.read_text())
    except FileNotFoundError as error:
        raise LocalRunError(f"{path} does not exist: a Pulumi program has one") from error
    except yaml.YAMLError as error:
        raise LocalRunError(f"{path} is no YAML: {error}") from error
    return content if isinstance(content, dict) else {}


def provision(request: Request, tell: Callable[[dict[str, Any]], None]) -> None:
    """Run the program against the emulators, and tell what came of it."""
    program, state = Path(request.program), State(Path(request.state))
    project, config = read_project(program)
    machine = control_plane.environment(request.control_plane_url, request.cognito_url, config["aws:region"])
    os.environ.update(machine)
    config[f"{project}:local"] = json.dumps(
        {"host": HOST, "ports": request.service_ports, "cognito_url": request.cognito_url}
    )
    # Slow imports, while the servers start.
    from scripts.local import containers  # noqa: PLC0415
    from scripts.local.blueprint import read_blueprint  # noqa: PLC0415
    from scripts.local.engine.cloud import Cloud  # noqa: PLC0415
    from scripts.local.engine.facts import LocalFacts  # noqa: PLC0415
    from scripts.local.engine.run import run_program  # noqa: PLC0415
    from scripts.local.engine.tables import load_sdks  # noqa: PLC0415
    from scripts.local.tasks import read_task, run_to_end  # noqa: PLC0415

    def run_task(cloud: Cloud, definition: str) -> None:
        task = read_task(cloud, definition, machine)
        run_to_end(task.family, containers.command(task, state) if request.docker else task.command(), state)

    def build_image(reference: str, described: Mapping[str, Any]) -> None:
        tell({"note": f"building {containers.local_name(reference).partition(':')[0]}"})
        containers.build(reference, described, program, state)

    facts = LocalFacts(
        database=request.database,
        front_door=request.front_door,
        state=state,
        run_task=run_task,
        build_image=build_image if request.docker else None,
    )
    load_sdks()
    control_plane.wait(request.control_plane_url)
    cognito.wait(request.cognito_url)
    asyncio.run(request.database.wait())
    report, cloud = run_program(
        program,
        project=project,
        stack=STACK,
        config=config,
        facts=facts,
        progress=lambda kind, name: tell({"made": [kind, name]}),
    )
    masked = dict.fromkeys(report.secret_outputs, "[secret]")
    tell({"blueprint": read_blueprint(cloud, report.outputs | masked, machine).to_json()})


def main() -> int:
    """Serve one request; 1 if it failed."""
    gc.disable()  # a short life, most of it imports: collecting takes a quarter of the time and finds nothing
    # The program may print: standard output is for what we tell, all else goes where errors go.
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    logging.basicConfig(level=logging.WARNING)

    def tell(message: dict[str, Any]) -> None:
        channel.write(json.dumps(message) + "\n")

    try:
        provision(Request.from_json(sys.stdin.read()), tell)
    except LocalRunError as error:
        tell({"failed": str(error)})
        return 1
    except Exception:  # a bug of the program's or ours: whoever mends it needs the trace
        tell({"failed": traceback.format_exc()})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
