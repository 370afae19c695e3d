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
        self.is_open = False
        """Whether requests are turned away."""
        self._opened_at = 0.0
        self._trial_at = float("-inf")
        self._since = clock()
        self._failed = self._succeeded = 0
        self.openings = 0

    def admits(self) -> bool:
        """Whether a request may be sent now; call once for each."""
        if not self.is_open:
            return True
        now = self._clock()
        if now - max(self._opened_at, self._trial_at) < OPEN_SECONDS:
            return False
        self._trial_at = now
        return True

    def succeeded(self) -> None:
        """A request that was let through got an answer, whatever it said."""
        if self.is_open:
            self.is_open = False
            self._failed = self._succeeded = 0
        self._succeeded += 1

    def failed(self) -> None:
        """A request that was let through got none."""
        now = self._clock()
        if self.is_open:
            self._opened_at = now
            return
        if now - self._since > WINDOW_SECONDS:
            self._since, self._failed, self._succeeded = now, 0, 0
        self._failed += 1
        if self._failed >= LEAST_FAILURES and self._failed >= self._succeeded:
            self.is_open, self._opened_at = True, now
            self.openings += 1
