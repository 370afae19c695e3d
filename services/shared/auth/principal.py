"""Who a verified token speaks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Principal(msgspec.Struct, frozen=True, gc=False):
    """The caller, as the token says and nothing else does. Deeply frozen: requests share it through the cache."""

    sub: str
    username: str | None
    """None for a token of a client that acts for itself (client credentials)."""
    groups: frozenset[str]
    scopes: frozenset[str]
    claims: Mapping[str, Any]
    """All claims by name, read-only; lists among them are tuples."""
