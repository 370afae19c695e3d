"""Services that somebody else runs, as `compose.yaml` does: each is told its environment by a file, and waited for."""

from __future__ import annotations

import asyncio
import os
import shlex
import time
from pathlib import Path

from scripts.local.errors import LocalRunError
from scripts.local.parts import Announce, Check
from scripts.local.tasks import Task

PATIENCE_S = 600.0
POLL_S = 1.0


def forget(folder: Path) -> None:
    """Remove what an earlier run left: nobody is to start with another run's environment."""
    for file in folder.glob("*.env"):
        file.unlink()


class Elsewhere:
    """A service of the platform that runs in a container of its own. It takes the place of a `Part`.

    The file holds exactly what the task definition says, with its secrets' values, as a shell reads it; mode 0600.
    """

    def __init__(self, task: Task, folder: Path, *, check: Check, announce: Announce) -> None:
        self.name, self.ready = task.name, False
        self._task, self._file = task, folder / f"{task.name}.env"
        self._check, self._announce = check, announce
        self._watcher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Write the file; LocalRunError if that is not possible."""
        lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(self._task.environment.items())]
        scratch = self._file.with_suffix(".new")
        try:
            scratch.unlink(missing_ok=True)
            with os.fdopen(os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.writelines(lines)
            scratch.rename(self._file)
        except OSError as error:
            raise LocalRunError(f"{self._file} cannot be written: {error}") from error

    async def wait(self, _patience: float) -> None:
        """Return once the service is ready; LocalRunError if it is not within ten minutes."""
        deadline = time.monotonic() + PATIENCE_S
        while not await self._check():
            if time.monotonic() > deadline:
                raise LocalRunError(f"{self.name} was not ready after {PATIENCE_S:.0f} s: see its container's log.")
            await asyncio.sleep(POLL_S)
        self.ready = True

    def keep(self) -> None:
        """From now on, notice when it goes and comes back."""
        self._watcher = asyncio.create_task(self._watch(), name=f"watch {self.name}")

    async def stop(self, _patience: float = 0.0) -> None:
        """Take the file away; whoever runs the service ends it."""
        self.ready = False
        if self._watcher:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        self._file.unlink(missing_ok=True)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            before, self.ready = self.ready, await self._check()
            if before != self.ready:
                self._announce(f"{self.name} is back" if self.ready else f"{self.name} does not answer")
