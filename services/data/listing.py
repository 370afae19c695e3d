"""What a request for a page says.

Read here at once: FastAPI's own way, parameter by parameter, would cost more than all the rest of the request does. The
document is told all the same.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from services.data.cursors import Position, from_cursor
from services.data.models import Currency
from services.shared.api import Text

LARGEST_PAGE = 100


def _page_end(cursor: str) -> str:
    from_cursor(cursor)
    return cursor


class ListQuery(BaseModel):
    """The parameters, all of them optional."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 20
    cursor: Annotated[str, AfterValidator(_page_end), Field(description="`next_cursor` of the page before.")] = ""
    q: Annotated[Text, Field(max_length=200, description="Words, or beginnings of words.")] = ""
    owner: Annotated[Text, Field(max_length=128, description="A user's id, or `me`.")] = ""
    currency: Currency = ""

    @property
    def after(self) -> Position | None:
        """The end of the page before, if there is one."""
        return from_cursor(self.cursor) if self.cursor else None


_DEFAULTS = ListQuery()


def list_query(request: Request) -> ListQuery:
    """The parameters; RequestValidationError that names those which make no sense."""
    if not request.scope["query_string"]:
        return _DEFAULTS
    try:
        return ListQuery.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("query", *one["loc"])} for one in error.errors()]) from None


def parameters() -> list[dict[str, Any]]:
    """The parameters as OpenAPI takes them."""
    described = ListQuery.model_json_schema()["properties"]
    for schema in described.values():
        if schema.get("default") == "":
            del schema["default"]
    return [
        {"name": name, "in": "query", "required": False, "schema": schema, "description": schema.pop("description", "")}
        for name, schema in described.items()
    ]
