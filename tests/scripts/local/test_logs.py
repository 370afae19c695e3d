"""The parts' logs as one stream."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.local import logs
from scripts.local.state import State


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path)


def test_lines_are_in_the_order_of_their_times_and_what_belongs_to_one_stays_with_it(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    state.log("data").write_text('{"time":"2026-01-01T10:00:01.5Z"} second\n  a trace of it\n')
    state.log("postgres").write_text("2026-01-01 10:00:00.900 UTC first\n2026-01-01 10:00:02 UTC third\n")
    logs.show(logs.chosen_logs(state, None), follow=False, state=state, part=None)
    shown = [line.partition(" | ") for line in capsys.readouterr().out.splitlines()]
    assert [name.strip() for name, _, _ in shown] == ["postgres", "data", "data", "postgres"]
    assert [text.split()[-1] for _, _, text in shown] == ["first", "second", "it", "third"]


def test_a_part_comes_with_its_migrations(state: State) -> None:
    for name in ("data", "sri-local-data-migrate", "database", "gateway"):
        state.log(name).touch()
    assert [file.stem for file in logs.chosen_logs(state, "data")] == ["data", "sri-local-data-migrate"]


def test_following_tells_whole_lines_once(state: State) -> None:
    log, positions = state.log("data"), dict[Path, int]()
    log.write_text("one\ntw")
    assert logs.new_lines(log, positions) == ["one"]
    log.write_text("one\ntwo\n")
    assert logs.new_lines(log, positions) == ["two"]
    assert logs.new_lines(log, positions) == []


def test_following_goes_on_with_the_next_run(state: State) -> None:
    log, positions = state.log("data"), dict[Path, int]()
    log.write_text("one\ntwo\n")
    logs.new_lines(log, positions)
    logs.start_afresh(state)
    assert logs.new_lines(log, positions) == []
    log.write_text("new\n")
    assert logs.new_lines(log, positions) == ["new"]
