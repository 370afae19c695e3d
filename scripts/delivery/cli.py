"""The Pulumi CLI as the Automation API drives it, ended in a way that leaves no lock behind unsaid."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import IO, Any

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error

Hear = Callable[[str], Any]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Cli(PulumiCommand):
    """Runs the CLI apart from the terminal's own signals, and hands them on itself.

    A Ctrl-C reaches every process in front of the terminal, and a second one makes the engine drop what is under way,
    with the stack locked. Here the first one asks the engine to finish what it has begun, however it came (a pipeline
    that is cancelled signals one process alone), and only the third ends it by force.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self.interrupted = 0
        self._say = say

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Hear | None = None,
        on_error: Hear | None = None,
    ) -> CommandResult:
        """Run the command; CommandError if it fails, as the class above has it."""
        command = [self.command, "--non-interactive", *args]
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        with subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            readers = [_Reader(process.stdout, on_output), _Reader(process.stderr, on_error)]
            with self._signals_to(process):
                for reader in readers:
                    reader.join()
                code = process.wait()
        result = CommandResult(stdout=readers[0].text, stderr=readers[1].text, code=code)
        if code != 0:
            raise create_command_error(result)
        return result

    @contextmanager
    def _signals_to(self, process: subprocess.Popen[str]) -> Iterator[None]:
        def hand_on(_number: int, _frame: FrameType | None) -> None:
            self.interrupted += 1
            if self.interrupted == 1:
                self._say("Stopping: what is under way is finished first (again to hurry, a third time to force).")
                process.send_signal(signal.SIGINT)
            elif self.interrupted == 2:
                process.send_signal(signal.SIGINT)
            else:
                os.killpg(process.pid, signal.SIGKILL)

        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may handle signals, and only it gets them
            return
        before = {number: signal.signal(number, hand_on) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class _Reader(threading.Thread):
    """Reads one stream to its end, so that neither fills up while the other is read."""

    def __init__(self, stream: IO[str] | None, hear: Hear | None) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._hear = hear
        self._lines: list[str] = []
        self.start()

    @property
    def text(self) -> str:
        """What was read."""
        return "\n".join(self._lines)

    def run(self) -> None:
        """Read."""
        for line in self._stream or ():
            self._lines.append(line.rstrip())
            if self._hear is not None:
                self._hear(line.rstrip())
