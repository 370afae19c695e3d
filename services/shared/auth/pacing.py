"""How often a source outside may be asked. Times are seconds of a monotonic clock, given by the caller."""

from __future__ import annotations

import math
import random


class TokenBucket:
    """At most `burst` at once and one per `interval` in the long run."""

    def __init__(self, burst: int, interval: float) -> None:
        self._interval = interval
        self._ahead = (burst - 1) * interval
        self._even_at = -math.inf  # when all that was taken would have been due, had it come one an interval

    def take(self, now: float) -> bool:
        """Whether one more is allowed at `now`; it then counts."""
        even_at = max(self._even_at, now)
        if even_at - now > self._ahead:
            return False
        self._even_at = even_at + self._interval
        return True


class Backoff:
    """The pause after failures in a row: `first`, doubled each time up to a limit, plus up to a tenth at random."""

    def __init__(self, first: float) -> None:
        self._first = first
        self._failures = 0
        self.until = 0.0

    def failed(self, now: float, limit: float) -> None:
        """Count a failure; `until` is when the next try is due."""
        pause = min(limit, self._first * 2 ** min(self._failures, 20))
        self._failures += 1
        self.until = now + pause * jitter(1.0, 1.1)

    def reset(self) -> None:
        """Forget the failures."""
        self._failures = 0
        self.until = 0.0


def jitter(low: float, high: float) -> float:
    """A factor that keeps many processes from asking at the same moment."""
    return random.uniform(low, high)  # noqa: S311 (nothing secret hangs on it)
