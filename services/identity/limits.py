"""How often one address, or one account, may try: with back-off, and in bounded memory.

Each process counts for itself: with several of them, whoever is spread over all has that many times as much. The pool
has limits of its own behind these, and the edge before them.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_KEYS = 20_000
"""Of each rule; the one that was not heard of for longest is forgotten first. About 4 MB."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`burst` tries at once, one more every `interval` seconds. Who tries on then waits for `interval`, twice as long
    each time that is still too soon, up to `longest`."""

    burst: int
    interval: float
    longest: float = 900.0


class _Record:
    __slots__ = ("filled_at", "level", "strikes", "until")

    def __init__(self, level: float, now: float) -> None:
        self.level = level
        self.filled_at = now
        self.strikes = 0
        self.until = 0.0


class Throttle:
    """Counts tries by key under one rule. `clock`: monotonic seconds."""

    def __init__(self, rule: Rule, *, most_keys: int = MOST_KEYS, clock: Callable[[], float] = time.monotonic) -> None:
        self._rule = rule
        self._most_keys = most_keys
        self._clock = clock
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def __len__(self) -> int:
        return len(self._records)

    def take(self, key: str) -> float:
        """Count a try: 0.0 if it may go on, else the seconds to wait. A try that may not go on changes nothing more
        while its key is waiting, so that nobody can be kept out by others for longer than the rule says."""
        rule, now = self._rule, self._clock()
        record = self._record(key, now)
        if now < record.until:
            return record.until - now
        record.level = min(rule.burst, record.level + (now - record.filled_at) / rule.interval)
        record.filled_at = now
        if record.level >= rule.burst:
            record.strikes = 0
        if record.level >= 1:
            record.level -= 1
            return 0.0
        pause = min(rule.longest, rule.interval * 2.0**record.strikes)
        record.strikes = min(record.strikes + 1, 32)
        record.until = record.filled_at = now + pause
        record.level = 1
        return pause

    def give_back(self, key: str) -> None:
        """Uncount a try that came to nothing through no fault of theirs."""
        record = self._records.get(key)
        if record is not None:
            record.level = min(self._rule.burst, record.level + 1)

    def forgive(self, key: str) -> None:
        """Forget the tries of this key: it has shown that it is who it says."""
        self._records.pop(key, None)

    def _record(self, key: str, now: float) -> _Record:
        record = self._records.get(key)
        if record is None:
            record = self._records[key] = _Record(self._rule.burst, now)
            if len(self._records) > self._most_keys:
                self._records.popitem(last=False)
        else:
            self._records.move_to_end(key)
        return record


def address_key(address: str) -> str:
    """What counts as one address: of IPv6 the network of 64 bits that one customer has at least (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return str(parsed)
