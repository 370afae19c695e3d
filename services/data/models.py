"""What goes over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.data.currencies import CURRENCIES
from services.shared.api import RequestModel, Text

LARGEST_PRICE = 2**63 - 1
"""The largest number of the column's type, bigint."""


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("must be a currency of ISO 4217, such as EUR")
    return code


class NewProduct(RequestModel):
    """A product to be made."""

    name: Annotated[Text, Field(min_length=1, max_length=200)]
    description: Annotated[Text, Field(max_length=5000)] = ""
    price_minor: Annotated[
        int, Field(strict=True, ge=0, le=LARGEST_PRICE, description="In minor units: cents for EUR.")
    ]
    currency: Annotated[str, Field(min_length=3, max_length=3), AfterValidator(_known_currency)]


class Product(BaseModel):
    """A product as it is kept."""

    id: UUID
    name: str
    description: str
    price_minor: int
    currency: str
    owner_id: str
    created_at: datetime
    updated_at: datetime


class ProductPage(BaseModel):
    """Products, newest first; `next_cursor` asks for those after them and is null on the last page."""

    items: list[Product]
    next_cursor: str | None
