"""What people see while several images are built at once: a row each in a terminal, a line for each step elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from rich.console import Console
from rich.progress import Progress as Rows
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

Say = Callable[[str, bool], None]
"""Told what happens to one image; False for a builder's line, which only a terminal shows for as long as it lasts."""


class Progress:
    """Shared by the threads that work on the images."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._began = stream, time.monotonic()
        self._rows: Rows | None = None
        if stream.isatty():
            columns = (SpinnerColumn(), TextColumn("{task.description:<10}"), TimeElapsedColumn())
            text = TextColumn("{task.fields[text]}", markup=False)
            self._rows = Rows(*columns, text, console=Console(file=stream))

    @classmethod
    @contextmanager
    def on_stderr(cls) -> Iterator[Progress]:
        """The progress of one command; standard output is for its result."""
        progress = cls(sys.stderr)
        if progress._rows is None:
            yield progress
            return
        with progress._rows:
            yield progress

    @contextmanager
    def of(self, service: str) -> Iterator[Say]:
        """What the image of `service` goes through."""
        row = self._rows.add_task(service, total=1, text="") if self._rows else TaskID(0)

        def say(text: str, is_step: bool) -> None:
            if self._rows:
                self._rows.update(row, text=text)
            elif is_step:
                # One write, so that lines of several threads never mix.
                seconds = time.monotonic() - self._began
                self._stream.write(f"{seconds:6.1f} s  {service:<10}  {text}\n")
                self._stream.flush()

        try:
            yield say
        except BaseException:
            say("failed", True)
            raise
        finally:
            if self._rows:
                self._rows.update(row, completed=1)
