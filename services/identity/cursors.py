"""Where a page of users ends, as the opaque text that asks for the next one."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta

from services.identity.users import Position

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIME_BYTES = 8


def to_cursor(position: Position) -> str:
    """The position as base64url."""
    time = ((position.created_at - _EPOCH) // _MICROSECOND).to_bytes(_TIME_BYTES, signed=True)
    return base64.urlsafe_b64encode(time + position.id.encode()).decode()


def from_cursor(cursor: str) -> Position:
    """The position that `to_cursor` made the text of; ValueError for any other text."""
    try:
        packed = base64.b64decode(cursor, altchars=b"-_", validate=True)
        microseconds = int.from_bytes(packed[:_TIME_BYTES], signed=True)
        user_id = packed[_TIME_BYTES:].decode("ascii")
        position = Position(_EPOCH + microseconds * _MICROSECOND, user_id)
    except (binascii.Error, UnicodeError, OverflowError) as error:
        raise ValueError("is not a cursor that a page gave") from error
    if not user_id.isprintable() or not user_id:
        raise ValueError("is not a cursor that a page gave")
    return position
