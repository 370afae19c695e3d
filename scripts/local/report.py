"""What the local run has to tell: events, and how a detached supervisor hands them to the command that started it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Literal

Kind = Literal["step", "working", "problem", "ready", "failed"]


@dataclass(frozen=True)
class Event:
    """`step`: done, in `seconds`; `working`: under way; `problem`: went wrong, and is being dealt with; `ready` (text
    is the URL) and `failed` end the start."""

    kind: Kind
    text: str
    detail: str = ""
    seconds: float | None = None


Report = Callable[[Event], None]


class Pipe:
    """Writes events to a pipe, for the process that started us to show. Nobody may be listening any more."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "w", buffering=1)

    def __call__(self, event: Event) -> None:
        """Tell one event, here and in our own log."""
        with suppress(BrokenPipeError, ValueError):
            self._file.write(json.dumps(asdict(event)) + "\n")
            if event.kind in ("ready", "failed"):
                self._file.close()
        if event.kind != "working":
            print(event.text, event.detail, flush=True)
