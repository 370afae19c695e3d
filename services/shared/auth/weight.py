"""How much memory a remembered token takes: an upper bound, told without a look at every value."""

from __future__ import annotations

from functools import lru_cache
from sys import getsizeof
from types import MappingProxyType

from services.shared.auth.principal import Principal

_ENTRY = 400
"""Bytes: the entry, its times and weight, the principal, the token without its characters, and the slot of it all."""
_SCALAR = 56
"""Bytes: a number, or a string without its characters, rounded up as the allocator does."""
_PUNCTUATION = 4
"""Bytes of JSON around a member, at least: two quotes, a colon and a comma."""
_WIDEST = 4
"""Bytes of the widest character; one of those widens all of its string."""
_SHARED_VALUES = 3
"""Claims whose values are the policy's own copies: issuer, client and use."""
_KNOWN_NAMES = frozenset(
    {"auth_time", "client_id", "cognito:groups", "event_id", "exp", "iat", "iss", "jti", "nbf", "origin_jti", "scope"}
    | {"sub", "token_use", "username", "version"}
)
"""Claims whose type has been checked. All tokens hold one copy of their names: the decoder keeps short ones."""


def weigh(token: str, payload: bytes, principal: Principal) -> int:
    """Bytes of memory that `token` and its principal, whose claims come of `payload`, take at most."""
    claims, groups = principal.claims, principal.groups
    table, spelling, others = _shape(tuple(claims))
    text = len(payload) - spelling
    if not payload.isascii() or b"\\" in payload:
        text *= _WIDEST
    weight = _ENTRY + len(token) + table + text
    if groups:
        weight += getsizeof(groups) + _SCALAR * (1 + len(groups)) + 8 * len(groups)
    for name in others:
        weight += _deep_size(claims[name])
    return weight


@lru_cache(maxsize=256)
def _shape(names: tuple[str, ...]) -> tuple[int, int, tuple[str, ...]]:
    """What claims of these names have in common.

    (bytes of memory without the characters of their values, bytes of JSON likewise, names that are not known)
    """
    others = tuple(name for name in names if name not in _KNOWN_NAMES)
    table = _dict_size(len(names)) + _SCALAR * (len(names) - _SHARED_VALUES) + sum(map(getsizeof, others))
    return table, sum(len(name) + _PUNCTUATION for name in names), others


def _deep_size(value: object) -> int:
    size = getsizeof(value)
    if type(value) is tuple:
        size += sum(map(_deep_size, value))
    elif type(value) is MappingProxyType:
        size += _dict_size(len(value)) + sum(map(getsizeof, value)) + sum(map(_deep_size, value.values()))
    return size


@lru_cache(maxsize=256)
def _dict_size(members: int) -> int:
    return getsizeof({str(number): None for number in range(members)})
