"""Verified tokens, remembered for a while: a check that has been done need not be done again."""

from __future__ import annotations

from sys import getsizeof
from types import MappingProxyType
from typing import Any

import msgspec

from services.shared.auth.keys import Key
from services.shared.auth.principal import Principal

LONGEST_STAY = 300
"""Seconds after which even a long-lived token is verified afresh."""
LONGEST_TOKEN = 4096
MAX_BYTES = 11_500_000


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
        self._weight = 0

    def get(self, token: str, now: float) -> Principal | None:
        """The principal of a token that would still be taken at `now`; None if it has to be verified."""
        entry = self._entries.get(token)
        # `since` is checked because the wall clock may be set back.
        if entry is not None and entry.since <= now < entry.until and entry.key.live:
            return entry.principal
        return None

    def put(self, token: str, principal: Principal, key: Key, now: float, expires: int) -> None:
        """Remember a token that has just been verified, until `expires` or LONGEST_STAY from `now`."""
        if len(token) > LONGEST_TOKEN or not self._limit:
            return
        self._discard(token)
        weight = weigh(token, principal)
        self._entries[token] = Entry(principal, key, now, min(expires, now + LONGEST_STAY), weight)
        self._weight += weight
        while len(self._entries) > self._limit or self._weight > self._max_bytes:
            self._discard(next(iter(self._entries)))

    def __len__(self) -> int:
        return len(self._entries)

    def _discard(self, token: str) -> None:
        entry = self._entries.pop(token, None)
        if entry is not None:
            self._weight -= entry.weight


_ENTRY_OVERHEAD = 400
"""Bytes: the entry, its floats, the principal, the read-only view and the slot in the table."""


def weigh(token: str, principal: Principal) -> int:
    """Bytes of memory that keeping this token takes, at most."""
    return getsizeof(token) + _ENTRY_OVERHEAD + _size(principal.claims)


def _size(value: Any) -> int:
    if type(value) is MappingProxyType:
        members = value.values()
        return getsizeof(value) + 2 * getsizeof(members) + value.__len__() * 104 + sum(map(_size, members))
    if type(value) is tuple:
        return getsizeof(value) + sum(map(_size, value))
    return getsizeof(value)
