"""Who a verified token speaks for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

MAX_DEPTH = 16
"""Containers within containers a claim may hold: far beyond use, far below what recursion bears."""


class Principal(msgspec.Struct, frozen=True):
    """The caller, as the token says and nothing else does. Deeply frozen: requests share it through the cache."""

    sub: str
    username: str | None
    """None for a token of a client that acts for itself (client credentials)."""
    groups: frozenset[str]
    scopes: frozenset[str]
    claims: Mapping[str, Any]


def freeze_claims(claims: dict[str, Any]) -> Mapping[str, Any]:
    """A read-only view of `claims`, lists within as tuples; ValueError beyond MAX_DEPTH. Takes `claims` over."""
    for name, value in claims.items():
        if type(value) is list or type(value) is dict:
            claims[name] = _frozen(value, MAX_DEPTH)
    return MappingProxyType(claims)


def _frozen(value: Any, depth: int) -> Any:
    if not depth:
        raise ValueError("claims are nested too deeply")
    if type(value) is list:
        return tuple([_frozen(member, depth - 1) for member in value])
    if type(value) is dict:
        return MappingProxyType({name: _frozen(member, depth - 1) for name, member in value.items()})
    return value
