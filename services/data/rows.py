"""A product as it comes from the database."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict
from uuid import UUID

import msgspec


class Row(TypedDict):
    """The members of models.Product."""

    id: UUID
    name: str
    description: str
    price_minor: int
    currency: str
    owner_id: str
    created_at: datetime
    updated_at: datetime


row_of = msgspec.json.Decoder(Row).decode
"""The row that was encoded as this JSON."""
