"""Verified tokens, remembered for a while: a check that has been done need not be done again."""

from __future__ import annotations

from collections import deque

import msgspec

from services.shared.auth.keys import Key
from services.shared.auth.principal import Principal
from services.shared.auth.weight import weigh

LONGEST_STAY = 300
"""Seconds after which even a long-lived token is verified afresh."""
LONGEST_TOKEN = 4096
MAX_BYTES = 12_000_000


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A principal, the key that vouches for it, and the wall-clock seconds [since, until) in which it holds."""

    principal: Principal
    key: Key
    since: float
    until: float
    weight: int


class TokenCache:
    """Principals by exact token, for one policy alone; the oldest leave first when entries or bytes run out."""

    def __init__(self, entries: int, *, max_bytes: int = MAX_BYTES) -> None:
        self._limit = entries
        self._max_bytes = max_bytes
        self._entries: dict[str, Entry] = {}
        self._order: deque[str] = deque()  # the first key of a dict is slow to find once others before it are gone
        self._weight = 0

    def get(self, token: str, now: float) -> Principal | None:
        """The principal of a token that would still be taken at `now`; None if it has to be verified."""
        entry = self._entries.get(token)
        # `since` is checked because the wall clock may be set back.
        if entry is not None and entry.since <= now < entry.until and entry.key.live:
            return entry.principal
        return None

    def put(self, token: str, payload: bytes, principal: Principal, key: Key, *, since: float, until: float) -> None:
        """Remember a token that `key` has just vouched for, for LONGEST_STAY or `until` its end."""
        if len(token) > LONGEST_TOKEN or not self._limit:
            return
        weight = weigh(token, payload, principal)
        old = self._entries.get(token)
        if old is None:
            self._order.append(token)
        else:
            self._weight -= old.weight
        until = min(until, since + LONGEST_STAY)
        self._entries[token] = Entry(principal, key, since, until, weight)
        self._weight += weight
        while len(self._order) > self._limit or self._weight > self._max_bytes:
            self._weight -= self._entries.pop(self._order.popleft()).weight

    def __len__(self) -> int:
        return len(self._entries)
