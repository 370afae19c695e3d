"""How many requests a user, and an address, may make: counted here, told in every answer, refused with 429."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from functools import lru_cache
from math import ceil
from typing import NamedTuple

from starlette.types import Scope

from services.shared.errors import Problem

WINDOW_SECONDS = 60.0
MOST_KEYS = 50_000
IPV6_PREFIX = 64
"""What one subscriber has (RFC 6177): each of its addresses could be another one's otherwise."""


class Standing(NamedTuple):
    """Where a key stands: requests it has left, seconds until it has all of them again, and until it may make one
    (0 when this one is allowed)."""

    remaining: int
    reset: int
    retry_after: int


class Limiter:
    """At most `per_minute` requests of one key in any minute, given back evenly (the generic cell rate algorithm).

    Each process counts for itself, so a service of several tasks allows as many times more. Memory is bounded: a key
    that made no request for a minute is forgotten, which changes nothing for it; with more keys than `most_keys` at
    once the ones seen longest ago are forgotten early.
    """

    def __init__(
        self, name: str, per_minute: int, *, clock: Callable[[], float] = time.monotonic, most_keys: int = MOST_KEYS
    ) -> None:
        self.name = name
        self.policy = f'"{name}";q={per_minute};w={WINDOW_SECONDS:.0f}'
        self.refused = 0
        self._interval = WINDOW_SECONDS / per_minute
        self._clock = clock
        self._most_keys = most_keys // 2
        self._due: dict[str, float] = {}
        self._due_before: dict[str, float] = {}
        self._turned = clock()

    @property
    def keys(self) -> int:
        """How many keys are remembered."""
        return len(self._due) + len(self._due_before)

    def take(self, key: str) -> Standing:
        """Count a request of the key."""
        return Standing(*self.count(key))

    def count(self, key: str) -> tuple[int, int, int]:
        """The same in plain numbers."""
        now = self._clock()
        if now - self._turned > WINDOW_SECONDS or len(self._due) >= self._most_keys:
            self._due_before, self._due, self._turned = self._due, {}, now
        due = self._due.get(key) or self._due_before.get(key, now)
        ahead = (due - now if due > now else 0.0) + self._interval
        if ahead > WINDOW_SECONDS + self._interval / 2:
            self.refused += 1
            return 0, ceil(ahead - self._interval), ceil(ahead - WINDOW_SECONDS)
        self._due[key] = now + ahead
        return int((WINDOW_SECONDS - ahead) / self._interval + 0.5), ceil(ahead), 0


class RateLimits:
    """The limits of the gateway. What is left of them is told in RateLimit and RateLimit-Policy
    (draft-ietf-httpapi-ratelimit-headers-10)."""

    def __init__(self, *, per_user: int, per_address: int) -> None:
        self.user = Limiter("user", per_user)
        self.address = Limiter("address", per_address)
        self._policy = (b"ratelimit-policy", f"{self.address.policy}, {self.user.policy}".encode())

    def admit_address(self, scope: Scope) -> None:
        """Count a request for its address, whoever it says it is: 429 `too_many_requests` when there were too many."""
        state = scope["state"]
        remaining, reset, retry_after = self.address.count(address_key(state["client"]))
        told = [self._policy, (b"ratelimit", b'"address";r=%d;t=%d' % (remaining, reset))]
        state["answer_headers"] = state["answer_headers"] + told if "answer_headers" in state else told
        if retry_after:
            raise _too_many("address", retry_after)

    def admit_user(self, scope: Scope) -> None:
        """Count it for its user too, if it has one."""
        principal = scope.get("principal")
        if principal is None:
            return
        remaining, reset, retry_after = self.user.count(principal.sub)
        headers = scope["state"]["answer_headers"]
        headers[-1] = (b"ratelimit", b'%b, "user";r=%d;t=%d' % (headers[-1][1], remaining, reset))
        if retry_after:
            raise _too_many("user", retry_after)


def _too_many(whose: str, retry_after: int) -> Problem:
    detail = f"Too many requests of one {whose}. Try again in {retry_after} s."
    return Problem(429, "too_many_requests", detail, headers={"retry-after": str(retry_after)})


@lru_cache(maxsize=4096)
def address_key(client: str) -> str:
    """What is counted as one address: an IPv4 address, or an IPv6 network."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv4Address):
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
