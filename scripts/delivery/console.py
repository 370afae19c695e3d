"""Where a command's words go: people's text to stdout, or aside to stderr where stdout is one JSON document."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any


@dataclass(frozen=True)
class Console:
    """`machine`: stdout is for the one document."""

    machine: bool = False

    def say(self, line: str = "") -> None:
        """A line of progress or of the result."""
        print(line, file=sys.stderr if self.machine else sys.stdout, flush=True)

    def complain(self, line: str) -> None:
        """A line that says what is wrong."""
        print(line, file=sys.stderr, flush=True)

    def document(self, content: dict[str, Any]) -> None:
        """The one document, if it is wanted."""
        if self.machine:
            print(json.dumps(content, indent=2, ensure_ascii=False), flush=True)

    @staticmethod
    def attended() -> bool:
        """Whether somebody is there to be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def agrees(self, question: str) -> bool:
        """Whether whoever is there says yes."""
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in ("y", "yes")


@contextmanager
def terminable() -> Iterator[None]:
    """Whatever ends the block by SIGTERM ends it as Ctrl-C does: a pipeline that is cancelled sends no other signal."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
