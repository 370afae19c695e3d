"""Only what we started is ever ended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from scripts.local.registry import Registry
from scripts.local.state import State, read_json, write_json

STUBBORN = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {STUBBORN!r}])"


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], process_group=0) as process:
        yield process
        process.kill()


def test_a_noted_process_is_ended(state: State, sleeper: subprocess.Popen[bytes]) -> None:
    registry = Registry(state)
    registry.add(sleeper.pid, "sleeper")
    assert Registry(state).sweep() == ["sleeper"]
    assert sleeper.wait(1) is not None
    assert Registry(state).sweep() == []


def test_a_stranger_with_a_noted_id_is_left_alone(state: State, sleeper: subprocess.Popen[bytes]) -> None:
    registry = Registry(state)
    registry.add(sleeper.pid, "gone")
    file = state.processes / f"{sleeper.pid}.json"
    write_json(file, {**read_json(file), "created": psutil.Process(sleeper.pid).create_time() - 60})
    assert registry.sweep() == []
    assert sleeper.poll() is None
    assert not file.exists()


def test_one_that_does_not_listen_is_killed_with_its_children(state: State) -> None:
    registry = Registry(state)
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, process_group=0, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"on\n"
        child = psutil.Process(parent.pid).children()[0]
        registry.add(parent.pid, "parent")
        registry.add(child.pid, "child")
        assert set(registry.sweep(patience=0.3)) == {"parent", "child"}
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_process_that_ended_is_forgotten(state: State) -> None:
    registry = Registry(state)
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        registry.add(process.pid, "short")
    assert list(registry.entries()) == []
    assert list(state.processes.iterdir()) == []
