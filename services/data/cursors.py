"""Where a page ends, as the opaque text that asks for the next one."""

from __future__ import annotations

import base64
import binascii
import struct
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

_LAYOUT = struct.Struct(">q16s")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Position(NamedTuple):
    """The place of one product in the order of pages: newest first, then by id."""

    created_at: datetime
    id: UUID


def to_cursor(position: Position) -> str:
    """The position as 32 characters of base64url."""
    packed = _LAYOUT.pack((position.created_at - _EPOCH) // _MICROSECOND, position.id.bytes)
    return base64.urlsafe_b64encode(packed).decode()


def from_cursor(cursor: str) -> Position:
    """The position that `to_cursor` made the text of; ValueError for any other text."""
    try:
        packed = base64.b64decode(cursor, altchars=b"-_", validate=True)
        microseconds, id_bytes = _LAYOUT.unpack(packed)
        return Position(_EPOCH + microseconds * _MICROSECOND, UUID(bytes=id_bytes))
    except (binascii.Error, struct.error, OverflowError) as error:
        raise ValueError("is not a cursor that a page gave") from error
