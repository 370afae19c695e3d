"""Containers instead of processes: what the engine is asked for."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local import containers
from scripts.local.errors import LocalRunError
from scripts.local.publishing import publish
from scripts.local.state import State, write_json
from scripts.local.tasks import Task, run_to_end
from tests.support.image_registry import serving
from tests.support.platform import run_local
from tests.support.small_images import put_image

BASE = "python:3.11-slim"
NAME = "local-run-test"
PROGRAM = """
import json, os, pathlib
try:
    pathlib.Path("/left").touch()
    wrote = True
except OSError:
    wrote = False
print(json.dumps({"uid": os.getuid(), "wrote": wrote, "key": os.environ["KEY"]}))
"""


def task(argv: list[str], image: str = f"127.0.0.1:1/{NAME}@sha256:{'ab' * 32}") -> Task:
    return Task(
        name="data", family="data", argv=argv, environment={"KEY": "hush"}, image=image, port=None,
        user="10001", read_only=True,
    )  # fmt: skip


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving("own", tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture
def engine() -> None:
    """Skips where no engine answers."""
    try:
        containers.check_engine()
    except LocalRunError as error:
        pytest.skip(str(error))
    if containers.docker("image", "inspect", BASE).returncode:
        pytest.skip(f"the engine has no {BASE}")


@pytest.fixture
def image(engine: None, host: str, state: State, tmp_path: Path) -> Iterator[str]:
    """An image by digest, built as the program would describe it, that the registry has and the engine has not."""
    (tmp_path / "context").mkdir()
    (tmp_path / "context/Dockerfile").write_text(f"FROM {BASE} AS service\nARG SERVICE\n")
    described = {
        "context": "context", "dockerfile": "context/Dockerfile", "target": "service", "platform": "linux/amd64",
        "args": {"SERVICE": "data"},
    }  # fmt: skip
    manifest = publish(f"{host}/{NAME}:1", described, tmp_path, state, print)
    containers.docker("rmi", f"{host}/{NAME}:1")
    yield f"{host}/{NAME}@{manifest.digest}"
    containers.docker("rmi", f"{host}/{NAME}@{manifest.digest}")


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


def test_a_container_runs_the_very_image_that_the_task_definition_names(state: State) -> None:
    argv = containers.command(task(["python"]), state).argv
    assert argv[-2:] == [f"127.0.0.1:1/{NAME}@sha256:{'ab' * 32}", "python"]
    assert argv[argv.index("--pull") + 1] == "always"


def test_an_image_that_the_registry_has_is_not_built_again(host: str, state: State, tmp_path: Path) -> None:
    pushed = put_image(f"{host}/kept", "1", "a")
    noted: list[str] = []
    manifest = publish(f"{host}/kept:1", {"dockerfile": "Nowhere"}, tmp_path, state, noted.append)
    assert (manifest.digest, noted) == (pushed, [])


@pytest.mark.docker
def test_a_task_runs_in_a_container_without_root_that_cannot_write(state: State, image: str) -> None:
    alone = task(["python", "-c", PROGRAM], image)
    run_to_end("data", containers.command(alone, state), state)
    told = json.loads(state.log("data").read_text().splitlines()[-1])  # after what the pull says
    assert told == {"uid": 10001, "wrote": False, "key": "hush"}


@pytest.mark.docker
def test_a_container_whose_command_was_killed_is_removed(state: State, image: str) -> None:
    waiting = task(["python", "-c", "print('on', flush=True); import time; time.sleep(60)"], image)
    command = containers.command(waiting, state)
    with subprocess.Popen(list(command.argv), **command.options(subprocess.PIPE)) as process:
        assert process.stdout
        assert b"on\n" in iter(process.stdout.readline, b"")  # after what the pull says
        process.kill()
    mine = ("ps", "--all", "--quiet", "--filter", f"label={containers.LABEL}={state.root}")
    assert containers.docker(*mine).stdout
    write_json(state.run, {"docker": True})
    containers.remove_all(state)
    assert containers.docker(*mine).stdout == ""


@pytest.mark.docker
@pytest.mark.usefixtures("engine")
def test_an_image_that_cannot_be_built_is_told_with_the_last_lines(host: str, state: State, tmp_path: Path) -> None:
    described = {"context": ".", "dockerfile": "Nowhere", "target": "service", "platform": "linux/amd64"}
    with pytest.raises(LocalRunError, match=f"image-{NAME} ended with 1 after"):
        publish(f"{host}/{NAME}:none", described, tmp_path, state, print)
