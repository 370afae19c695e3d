"""Services that run in containers which somebody else started."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from scripts.local import elsewhere
from scripts.local.elsewhere import Elsewhere, forget
from scripts.local.errors import LocalRunError
from scripts.local.options import Options
from scripts.local.parts import Announce
from scripts.local.state import State
from scripts.local.tasks import Task

ENVIRONMENT = {"PLAIN": "a", "SECRET": 'it\'s $HOME; `id` "x" \\'}


def service(folder: Path, answers: list[bool], announce: Announce = print) -> Elsewhere:
    """A service that answers as told, the last answer for ever."""

    async def check() -> bool:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    task = Task(
        name="data", family="data", argv=["python"], environment=ENVIRONMENT, image="", port=8002, read_only=True
    )
    return Elsewhere(task, folder, check=check, announce=announce)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "POLL_S", 0.01)


def test_a_shell_reads_exactly_what_the_task_definition_says(tmp_path: Path) -> None:
    asyncio.run(service(tmp_path, [True]).start())
    script = 'set -a; . "$0"; python3 -c "import json, os; print(json.dumps(dict(os.environ)))"'
    read = subprocess.run(["sh", "-c", script, str(tmp_path / "data.env")], capture_output=True, text=True, check=True)
    assert {name: json.loads(read.stdout)[name] for name in ENVIRONMENT} == ENVIRONMENT


def test_nobody_else_can_read_it_and_it_does_not_outlast_the_run(tmp_path: Path) -> None:
    part = service(tmp_path, [True])
    asyncio.run(part.start())
    assert (tmp_path / "data.env").stat().st_mode & 0o777 == 0o600
    asyncio.run(part.stop())
    assert list(tmp_path.iterdir()) == []


async def test_it_is_ready_when_it_answers(tmp_path: Path) -> None:
    part = service(tmp_path, [False, False, True])
    await part.wait(0)
    assert part.ready


async def test_one_that_never_answers_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "PATIENCE_S", 0.02)
    with pytest.raises(LocalRunError, match="data was not ready after 0 s: see its container's log"):
        await service(tmp_path, [False]).wait(0)


async def test_that_it_goes_and_comes_back_is_told(tmp_path: Path) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    part = service(tmp_path, [True, False, False, True], said.put_nowait)
    await part.wait(0)
    part.keep()
    async with asyncio.timeout(5):
        assert [await said.get(), await said.get()] == ["data does not answer", "data is back"]
    await part.stop()


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalRunError, match=r"none/data.env cannot be written"):
        await service(tmp_path / "none", [True]).start()


def test_what_an_earlier_run_left_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "old.env").touch()
    forget(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_choice_survives_its_way_to_the_supervisor(tmp_path: Path) -> None:
    chosen = Options(state=State(tmp_path), environments=tmp_path)
    assert Options.from_json(chosen.to_json()).environments == tmp_path
