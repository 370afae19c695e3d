"""Which state of a product somebody means: entity tags (RFC 9110, 8.8.3) made of the moment of its last change."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_OURS = re.compile(r'"([0-9a-f]{1,16})"')

States = Collection[datetime] | None
"""The moments of change that a request accepts; None: any."""


def etag(changed_at: datetime) -> str:
    """The strong tag of a product that was last changed then. (Each change is later than the one before.)"""
    return f'"{(changed_at - _EPOCH) // _MICROSECOND:x}"'


def accepted_states(if_match: str) -> States:
    """What an If-Match header accepts (RFC 9110, 13.1.1): `*` any state, else the listed ones. Tags that are not ours,
    weak ones among them, match nothing.
    """
    if if_match.strip() == "*":
        return None
    return [moment for tag in if_match.split(",") if (moment := _moment(tag.strip())) is not None]


def is_known(if_none_match: str | None, tag: str) -> bool:
    """Whether an If-None-Match header names the tag, compared weakly as RFC 9110, 13.1.2 asks."""
    known = [part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")]
    return tag in known or "*" in known


def _moment(tag: str) -> datetime | None:
    ours = _OURS.fullmatch(tag)
    try:
        return _EPOCH + int(ours[1], 16) * _MICROSECOND if ours else None
    except OverflowError:
        return None
