"""The parameters of a query string: read into a model at once, and told to the document.

FastAPI's own way, parameter by parameter, would cost more than all the rest of a request for a page does, and takes the
last of two values where a client may have meant the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError


class QueryModel(BaseModel):
    """A query string's parameters, each of one value and none of them required. Unknown ones are refused: a filter that
    is misspelt would be answered with everything."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


Query = TypeVar("Query", bound=QueryModel)


def query_reader(model: type[Query]) -> Callable[[Request], Query]:
    """What reads a request's parameters; it raises RequestValidationError that names those which make no sense."""
    usual = model()

    def read(request: Request) -> Query:
        if not request.scope["query_string"]:
            return usual
        given = request.query_params.multi_items()
        values = dict(given)
        if len(values) < len(given):
            raise RequestValidationError(_repeated(given))
        try:
            return model.model_validate(values)
        except ValidationError as error:
            raise RequestValidationError([{**one, "loc": ("query", *one["loc"])} for one in error.errors()]) from None

    return read


def query_parameters(model: type[QueryModel]) -> list[dict[str, Any]]:
    """The parameters as OpenAPI takes them."""
    described = model.model_json_schema()["properties"]
    for schema in described.values():
        if schema.get("default") == "":
            del schema["default"]
    return [
        {"name": name, "in": "query", "required": False, "schema": schema, "description": schema.pop("description", "")}
        for name, schema in described.items()
    ]


def _repeated(given: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """The parameters that are given more than once, as pydantic would name them."""
    counts = Counter(name for name, _ in given)
    return [
        {"type": "repeated", "loc": ("query", name), "msg": f"is given {count} times, and takes one value"}
        for name, count in counts.items()
        if count > 1
    ]
