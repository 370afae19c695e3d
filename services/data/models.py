"""What goes over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.data.currencies import CURRENCIES
from services.shared.api import NOT_BLANK, STRIPPED, RequestModel

LARGEST_PRICE = 2**63 - 1
"""The largest number of the column's type, bigint."""


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("must be a currency of ISO 4217, such as EUR")
    return code


Name = Annotated[str, Field(min_length=1, max_length=200), STRIPPED, NOT_BLANK]
Description = Annotated[str, Field(max_length=5000), STRIPPED]
Price = Annotated[int, Field(strict=True, ge=0, le=LARGEST_PRICE, description="In minor units: cents for EUR.")]
Currency = Annotated[
    str, Field(min_length=3, max_length=3, description="A code of ISO 4217."), AfterValidator(_known_currency)
]


class NewProduct(RequestModel):
    """A product to be made."""

    name: Name
    description: Description = ""
    price_minor: Price
    currency: Currency


def _no_default(schema: dict[str, Any]) -> None:
    """A member that may be left out, but has no value then."""
    schema.pop("default", None)


class ProductChanges(RequestModel):
    """What is to be different: at least one member. Those left out stay as they are."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: Name = Field("", json_schema_extra=_no_default)
    description: Description = Field("", json_schema_extra=_no_default)
    price_minor: Price = Field(0, json_schema_extra=_no_default)
    currency: Currency = Field("", json_schema_extra=_no_default)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must name a member to change")
        return self


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
