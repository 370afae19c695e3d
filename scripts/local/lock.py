"""One supervisor for each state directory: a lock that ends with the process that holds it, however it ends."""

from __future__ import annotations

import fcntl
import os
from types import TracebackType

from scripts.local.state import State


class Lock:
    """Held for as long as the block lasts, if nobody else holds it: see `held`."""

    def __init__(self, state: State) -> None:
        self._path = state.root / "lock"
        self._descriptor = -1
        self.held = False

    def __enter__(self) -> Lock:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.held = True
        except BlockingIOError:
            self.held = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


def is_held(state: State) -> bool:
    """Whether a supervisor runs."""
    if not state.root.exists():
        return False
    with Lock(state) as lock:
        return not lock.held
