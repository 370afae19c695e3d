"""The emulators, for tests of the engine that runs programs against them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import boto3
import pytest

from scripts.local import control_plane
from scripts.local.engine.cloud import Cloud
from scripts.local.engine.facts import LocalFacts
from scripts.local.engine.monitor import Report
from scripts.local.engine.run import run_program
from scripts.local.engine.tables import load_sdks
from scripts.local.postgres import Server
from scripts.local.processes import HOST, free_ports, last_lines, running
from scripts.local.state import State
from tests.support.cognito import CognitoServer

REGION = "eu-central-1"


@pytest.fixture(scope="session")
def control_plane_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An emulator of AWS, empty at first, that all tests of this process share."""
    log = tmp_path_factory.mktemp("control-plane") / "log"
    port = free_ports(1)[0]
    with running(control_plane.command(port), log):
        url = f"http://{HOST}:{port}"
        try:
            control_plane.wait(url)
        except Exception as error:
            error.add_note("\n".join(last_lines(log)))
            raise
        yield url


@pytest.fixture(scope="session")
def sdks() -> None:
    """Pulumi's SDKs, loaded once: their modules warn about parts of their own, which no program here uses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        load_sdks()


@dataclass
class Engine:
    """Runs small programs, and remembers which tasks they ran."""

    folder: Path
    state: State
    tasks: list[str] = field(default_factory=list)
    run_task: Callable[[Cloud, str], None] | None = None

    def run(self, program: str, config: dict[str, str] | None = None) -> Report:
        """What comes of a program with this text."""
        (self.folder / "__main__.py").write_text(f"import pulumi\nimport pulumi_aws as aws\n{dedent(program)}")
        facts = LocalFacts(
            database=Server(HOST, 15432, "boss", "the-real-password"),
            front_door="localhost:8080",
            state=self.state,
            run_task=self.run_task or (lambda _cloud, definition: self.tasks.append(definition)),
        )
        report, _ = run_program(
            self.folder, project="tiny", stack="local", config={"aws:region": REGION, **(config or {})}, facts=facts
        )
        return report

    def client(self, service: str) -> Any:
        """A boto3 client for what programs made."""
        return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


@pytest.fixture
def engine(
    sdks: None,
    control_plane_url: str,
    cognito_server: CognitoServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Engine:
    """An engine whose programs and boto3 find the emulators."""
    for name, value in control_plane.environment(control_plane_url, cognito_server.url, REGION).items():
        monkeypatch.setenv(name, value)
    program = tmp_path / "program"
    program.mkdir()
    return Engine(program, State(tmp_path / "state"))
