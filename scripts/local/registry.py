"""Which processes were started, so that none is left behind even when the supervisor was killed.

Each process has a file with its id and its start time. An id alone proves nothing: the system gives it to a
stranger sooner or later.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from scripts.local.state import State, read_json, write_json

SUPERVISOR = "supervisor"
POLL_S = 0.02
SAME_START_S = 3.0
"""The system's idea of a process's start moves a little when its clock is set."""


@dataclass(frozen=True)
class Entry:
    """A process that was started: `created` as psutil tells it (seconds since the epoch)."""

    pid: int
    name: str
    created: float
    file: Path

    def process(self) -> psutil.Process | None:
        """The process if it still runs; None if it ended, even if its id lives on with another."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < SAME_START_S
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    def wait(self, patience: float) -> bool:
        """Whether the process ends within `patience` seconds. One that only waits for its parent's notice has ended."""
        deadline = time.monotonic() + patience
        while self.process():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    def send(self, number: signal.Signals) -> None:
        """Signal the process, and what it has started in its own process group."""
        if self.process() is None:
            return
        try:
            if os.getpgid(self.pid) == self.pid:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)
        except ProcessLookupError:
            pass


class Registry:
    """The processes of one state directory."""

    def __init__(self, state: State) -> None:
        self._folder = state.processes

    def add(self, pid: int, name: str) -> None:
        """Note a process that was just started."""
        try:
            created = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            return
        write_json(self._folder / f"{pid}.json", {"name": name, "created": created})

    def remove(self, pid: int) -> None:
        """Forget a process that was seen to end."""
        (self._folder / f"{pid}.json").unlink(missing_ok=True)

    def entries(self) -> Iterator[Entry]:
        """All that were noted and still run; those that do not are forgotten on the way."""
        for file in sorted(self._folder.glob("*.json")):
            noted = read_json(file)
            entry = Entry(int(file.stem), str(noted.get("name")), float(noted.get("created", 0)), file)
            if entry.process():
                yield entry
            else:
                file.unlink(missing_ok=True)

    def supervisor(self) -> Entry | None:
        """The supervisor, if it runs."""
        return next((entry for entry in self.entries() if entry.name == SUPERVISOR), None)

    def sweep(self, patience: float = 10.0) -> list[str]:
        """End everything else that is still there, gently first; the names of what had to be ended."""
        found = [entry for entry in self.entries() if entry.pid != os.getpid()]
        for number in (signal.SIGINT, signal.SIGKILL):
            for entry in found:
                entry.send(number)
            if all(entry.wait(patience) for entry in found):
                break
        for entry in found:
            self.remove(entry.pid)
        return [entry.name for entry in found]
