"""What the engine is at, for whoever reads the log while a database takes its ten minutes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

EVERY_S = 30.0


class Progress:
    """Says now and then what has begun and not ended yet, for as long as the block lasts."""

    def __init__(self, say: Callable[[str], None], every_s: float = EVERY_S) -> None:
        self._say = say
        self._every_s = every_s
        self._began: dict[str, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def began(self, label: str) -> None:
        """Something has begun."""
        self._began.setdefault(label, time.monotonic())

    def ended(self, label: str) -> None:
        """It is done, or has failed."""
        self._began.pop(label, None)

    def _run(self) -> None:
        while not self._over.wait(self._every_s):
            now = time.monotonic()
            slow = [f"{label} ({now - began:.0f} s)" for label, began in [*self._began.items()]]
            if slow:
                self._say(f"  still at {', '.join(slow[:5])}" + (f", and {len(slow) - 5} more" if slow[5:] else ""))
