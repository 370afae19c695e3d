"""Stops asking a service that does not answer, so that it recovers in peace and clients learn at once."""

from __future__ import annotations

import time
from collections.abc import Callable

WINDOW_SECONDS = 10.0
LEAST_FAILURES = 5
OPEN_SECONDS = 1.0


class Breaker:
    """Closed, it lets all requests through. It opens when at least five have failed of late, and half of all; then one
    a second is let through as a trial, and the first that succeeds closes it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._opened_at: float | None = None
        self._trial_at = float("-inf")
        self._since = clock()
        self._failed = self._succeeded = 0
        self.openings = 0

    @property
    def is_open(self) -> bool:
        """Whether requests are turned away."""
        return self._opened_at is not None

    def admits(self) -> bool:
        """Whether a request may be sent now; call once for each."""
        if self._opened_at is None:
            return True
        now = self._clock()
        if now - max(self._opened_at, self._trial_at) < OPEN_SECONDS:
            return False
        self._trial_at = now
        return True

    def succeeded(self) -> None:
        """A request that was let through got an answer, whatever it said."""
        if self._opened_at is not None:
            self._opened_at = None
            self._failed = self._succeeded = 0
        self._succeeded += 1

    def failed(self) -> None:
        """A request that was let through got none."""
        now = self._clock()
        if self._opened_at is not None:
            self._opened_at = now
            return
        if now - self._since > WINDOW_SECONDS:
            self._since, self._failed, self._succeeded = now, 0, 0
        self._failed += 1
        if self._failed >= LEAST_FAILURES and self._failed >= self._succeeded:
            self._opened_at = now
            self.openings += 1
