"""A part is started again when it dies, ever later when it keeps dying."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import pytest

from scripts.local import parts
from scripts.local.errors import LocalRunError
from scripts.local.parts import Part, ending
from scripts.local.processes import Command, base_environment
from scripts.local.registry import Registry
from scripts.local.state import State

FLEETING = "import pathlib, sys, time; open('{file}', 'a').write(f'{{time.time()}}\\n'); sys.exit(3)"
SLEEPING = "import time; print('on', flush=True); time.sleep(60)"

Make = Callable[..., Part]


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
async def make(tmp_path: Path, told: list[str]) -> AsyncIterator[Make]:
    """Makes a part that runs a piece of Python; all are stopped in the end."""
    made: list[Part] = []

    def make_part(code: str, *, ready: Callable[[], bool] = lambda: True, epitaph: str = "", python: str = "") -> Part:
        async def check() -> bool:
            return ready()

        part = Part(
            "part",
            Command(argv=[python or sys.executable, "-c", code], env=base_environment()),
            log=tmp_path / "log",
            registry=Registry(State(tmp_path / "state")),
            check=check,
            announce=told.append,
            epitaph=epitaph,
        )
        made.append(part)
        return part

    yield make_part
    for part in made:
        await part.stop()


async def until(check: Callable[[], bool]) -> None:
    for _ in range(1000):
        if check():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not happen")


async def test_who_keeps_dying_is_started_ever_later(
    make: Make, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "FIRST_DELAY_S", 0.1)
    monkeypatch.setattr(parts, "LAST_DELAY_S", 0.3)
    starts = tmp_path / "starts"
    part = make(FLEETING.format(file=starts), ready=lambda: False)
    await part.start()
    part.keep()
    await until(lambda: starts.exists() and len(starts.read_text().splitlines()) == 5)
    moments = [float(line) for line in starts.read_text().splitlines()]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert all(gap >= least for gap, least in zip(gaps, (0.0, 0.1, 0.2, 0.3), strict=True))
    assert told[0].startswith("part ended with exit code 3; it is started again at once.")
    assert told[1].startswith("part ended with exit code 3; it is started again in ")


async def test_who_takes_long_to_come_back_takes_requests_when_it_has(make: Make, told: list[str]) -> None:
    answers = iter([True, False, False, False])
    part = make(SLEEPING, ready=lambda: next(answers, True))
    await part.start()
    await part.wait(5)
    part.keep()
    assert part._process
    part._process.kill()
    await until(lambda: not part.ready)
    await until(lambda: part.ready)
    assert told[-1] == "part is ready again."


async def test_who_is_not_to_come_back_is_only_told(make: Make, told: list[str]) -> None:
    part = make("print('farewell')", epitaph="Nobody needs it.")
    await part.start()
    part.keep()
    await until(lambda: bool(told))
    assert told[0].startswith("part ended with exit code 0. Nobody needs it. Its last lines (")
    assert told[0].endswith("    farewell")


async def test_who_is_never_ready_is_told_with_its_last_lines(make: Make) -> None:
    part = make(SLEEPING, ready=lambda: False)
    await part.start()
    with pytest.raises(LocalRunError, match="part was not ready after"):
        await part.wait(0.3)


async def test_who_cannot_be_executed_is_named(make: Make) -> None:
    with pytest.raises(LocalRunError, match=r"part cannot be started: .*No such file"):
        await make("", python="/nowhere/python").start()


async def test_who_does_not_listen_is_killed(make: Make) -> None:
    part = make(f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPING}")
    await part.start()
    await until(lambda: part.log.read_text() == "on\n")
    await part.stop(patience=0.2)
    assert part._process
    assert part._process.returncode == -9


@pytest.mark.parametrize(
    ("code", "expected"),
    [(0, "ended with exit code 0"), (-9, "was ended by signal SIGKILL"), (-99, "was ended by signal 99")],
)
def test_an_ending_is_told_in_words(code: int, expected: str) -> None:
    assert ending(code) == expected
