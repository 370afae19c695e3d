"""A process that is kept running: started, waited for, restarted when it dies, and ended in order."""

from __future__ import annotations

import asyncio
import math
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from scripts.local.errors import LocalRunError
from scripts.local.processes import Command, last_lines
from scripts.local.registry import Registry

FIRST_DELAY_S, LAST_DELAY_S = 1.0, 30.0
"""Before the second restart and later ones; doubled each time, as ECS spaces the starts of a task that keeps failing.
The first is at once: so is a task replaced there."""

HEALTHY_AFTER_S = 60.0
"""Who ran for so long is started again at once."""

POLL_S = 0.05
LOG_LINES = 12

Announce = Callable[[str], None]
Check = Callable[[], Awaitable[bool]]


class Part:
    """One process of the platform.

    `check` tells whether it is ready. `announce` is told what happens to it. One that is not to be revived is only
    reported when it dies, with `epitaph`.
    """

    def __init__(
        self,
        name: str,
        command: Command,
        *,
        log: Path,
        registry: Registry,
        check: Check,
        announce: Announce,
        epitaph: str = "",
    ) -> None:
        self.name, self.command, self.log = name, command, log
        self.ready = False
        self._registry, self._check, self._announce, self._epitaph = registry, check, announce, epitaph
        self._process: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process; `wait` tells when it is ready. LocalRunError if the program cannot be executed."""
        with self.log.open("ab") as output:
            try:
                self._process = await asyncio.create_subprocess_exec(*self.command.argv, **self.command.options(output))
            except OSError as error:
                raise LocalRunError(f"{self.name} cannot be started: {error}") from error
        self._registry.add(self._process.pid, self.name)

    async def wait(self, patience: float) -> None:
        """Return once it is ready; LocalRunError if it ends before, or is not within `patience` seconds."""
        deadline = time.monotonic() + patience
        while self._process and self._process.returncode is None:
            if await self._check():
                self.ready = True
                return
            if time.monotonic() > deadline:
                raise LocalRunError(f"{self.name} was not ready after {patience:.0f} s.{self._tail()}")
            await asyncio.sleep(POLL_S)
        raise LocalRunError(f"{self.name} {self._ending()} before it was ready.{self._tail()}")

    def keep(self) -> None:
        """From now on, restart it when it dies."""
        self._watcher = asyncio.create_task(self._watch(), name=f"watch {self.name}")

    async def stop(self, patience: float = 10.0) -> None:
        """Ask the process to end, and kill it after `patience` seconds."""
        self.ready = False
        if self._watcher:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            self._send(self.command.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), patience)
            except TimeoutError:
                self._send(signal.SIGKILL)
                await process.wait()
        self._registry.remove(process.pid)

    async def _watch(self) -> None:
        delay = 0.0
        while self._process:
            since = time.monotonic()
            await self._process.wait()
            self.ready = False
            self._registry.remove(self._process.pid)
            if self._epitaph:
                self._announce(f"{self.name} {self._ending()}. {self._epitaph}{self._tail()}")
                return
            delay = 0.0 if time.monotonic() - since > HEALTHY_AFTER_S else delay
            when = f"in {delay:.0f} s" if delay else "at once"
            self._announce(f"{self.name} {self._ending()}; it is started again {when}.{self._tail()}")
            await asyncio.sleep(delay)
            delay = min(2 * delay, LAST_DELAY_S) if delay else FIRST_DELAY_S
            await self._revive()

    async def _revive(self) -> None:
        """Start the process once more, and take requests again whenever it is ready; its end is not told here."""
        with suppress(LocalRunError):
            await self.start()
            await self.wait(math.inf)
            self._announce(f"{self.name} is ready again.")

    def _send(self, number: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _ending(self) -> str:
        return ending(self._process.returncode if self._process else None)

    def _tail(self) -> str:
        lines = "".join(f"\n    {line}" for line in last_lines(self.log, LOG_LINES))
        return f" Its last lines ({self.log}):{lines}" if lines else ""


def ending(code: int | None) -> str:
    """How a process ended, for people."""
    if code is None:
        return "was not started"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    return f"was ended by signal {name}"
