"""What a request for a page says."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from services.data.cursors import Position, from_cursor
from services.data.models import Currency
from services.shared.api import STRIPPED
from services.shared.query import QueryModel

LARGEST_PAGE = 100


def _page_end(cursor: str) -> str:
    from_cursor(cursor)
    return cursor


class ListQuery(QueryModel):
    """The parameters of a page of products."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 20
    cursor: Annotated[str, AfterValidator(_page_end), Field(description="`next_cursor` of the page before.")] = ""
    q: Annotated[str, Field(max_length=200, description="Words, or beginnings of words."), STRIPPED] = ""
    owner: Annotated[str, Field(max_length=128, description="A user's id, or `me`."), STRIPPED] = ""
    currency: Currency = ""

    @property
    def after(self) -> Position | None:
        """The end of the page before, if there is one."""
        return from_cursor(self.cursor) if self.cursor else None


class OwnQuery(QueryModel):
    """The parameter that says whose products are meant."""

    owner: str = ""
