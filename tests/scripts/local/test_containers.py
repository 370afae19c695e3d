"""Containers instead of processes: what the engine is asked for."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local import containers
from scripts.local.errors import LocalRunError
from scripts.local.state import State, write_json
from scripts.local.tasks import Task, run_to_end
from tests.support.platform import run_local

BASE = "python:3.11-slim"
REFERENCE = f"1.dkr.ecr.eu-central-1.amazonaws.com/local-run-test@sha256:{'ab' * 32}"
PROGRAM = """
import json, os, pathlib
try:
    pathlib.Path("/left").touch()
    wrote = True
except OSError:
    wrote = False
print(json.dumps({"uid": os.getuid(), "wrote": wrote, "key": os.environ["KEY"]}))
"""


def task(argv: list[str]) -> Task:
    return Task(
        name="data", family="data", argv=argv, environment={"KEY": "hush"}, image=REFERENCE, port=None,
        user="10001", read_only=True,
    )  # fmt: skip


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path)


@pytest.fixture
def image(state: State, tmp_path: Path) -> Iterator[str]:
    """An image of the engine, built as the program would describe it."""
    try:
        containers.check_engine()
    except LocalRunError as error:
        pytest.skip(str(error))
    if containers.docker("image", "inspect", BASE).returncode:
        pytest.skip(f"the engine has no {BASE}")
    (tmp_path / "context").mkdir()
    (tmp_path / "context/Dockerfile").write_text(f"FROM {BASE} AS service\nARG SERVICE\n")
    described = {
        "context": "context", "dockerfile": "context/Dockerfile", "target": "service", "platform": "linux/amd64",
        "args": {"SERVICE": "data"},
    }  # fmt: skip
    containers.build(REFERENCE, described, tmp_path, state)
    yield containers.local_name(REFERENCE)
    containers.docker("rmi", containers.local_name(REFERENCE))


def test_an_image_is_known_by_its_digest() -> None:
    assert containers.local_name(REFERENCE) == f"local-run-test:{'ab' * 16}"


def test_no_secret_stands_in_the_arguments_of_a_process(state: State) -> None:
    command = containers.command(task(["python"]), state)
    assert "hush" not in " ".join(command.argv)
    assert command.env["KEY"] == "hush"


def test_without_an_engine_one_sentence_tells_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    refused = run_local(tmp_path / "state", "up", "--docker")
    assert refused.returncode == 1
    assert refused.stderr.startswith("No Docker engine answers (")
    assert refused.stderr.endswith("): start one, or leave --docker out.\n")


@pytest.mark.docker
@pytest.mark.usefixtures("image")
def test_a_task_runs_in_a_container_without_root_that_cannot_write(state: State) -> None:
    alone = task(["python", "-c", PROGRAM])
    run_to_end("data", containers.command(alone, state), state)
    told = json.loads(state.log("data").read_text())
    assert told == {"uid": 10001, "wrote": False, "key": "hush"}


@pytest.mark.docker
@pytest.mark.usefixtures("image")
def test_a_container_whose_command_was_killed_is_removed(state: State) -> None:
    command = containers.command(task(["python", "-c", "print('on', flush=True); import time; time.sleep(60)"]), state)
    with subprocess.Popen(list(command.argv), **command.options(subprocess.PIPE)) as process:
        assert process.stdout
        assert process.stdout.readline() == b"on\n"
        process.kill()
    mine = ("ps", "--all", "--quiet", "--filter", f"label={containers.LABEL}={state.root}")
    assert containers.docker(*mine).stdout
    write_json(state.run, {"docker": True})
    containers.remove_all(state)
    assert containers.docker(*mine).stdout == ""


@pytest.mark.docker
def test_an_image_that_cannot_be_built_is_told_with_the_last_lines(state: State, tmp_path: Path) -> None:
    try:
        containers.check_engine()
    except LocalRunError as error:
        pytest.skip(str(error))
    described = {"context": ".", "dockerfile": "Nowhere", "target": "service", "platform": "linux/amd64"}
    with pytest.raises(LocalRunError, match="image-local-run-test ended with 1 after"):
        containers.build(REFERENCE, described, tmp_path, state)
