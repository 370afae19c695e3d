"""What FastAPI cannot know about a service's document: that errors are problems, and which paths need a token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from services.shared.auth.dependencies import CurrentUser
from services.shared.errors import PROBLEM_TYPE

ACCESS_TOKEN = CurrentUser.scheme_name
SCHEMA_REFERENCE = "#/components/schemas/"
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_REPLACED = ("HTTPValidationError", "ValidationError")


class FieldError(BaseModel):
    """What is wrong with one member or parameter of the request."""

    field: str
    message: str


class ProblemDetails(BaseModel):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str | None
    errors: list[FieldError] | None = None


def problem_content() -> dict[str, Any]:
    """The content of a response that is a problem."""
    return {PROBLEM_TYPE: {"schema": {"$ref": f"{SCHEMA_REFERENCE}{ProblemDetails.__name__}"}}}


def problems(meanings: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: what each status means there, such as {404: "No such product."}."""
    return {status: {"description": meaning, "content": problem_content()} for status, meaning in meanings.items()}


def document(api: FastAPI, open_paths: tuple[str, ...]) -> dict[str, Any]:
    """The OpenAPI document of `api`, all of whose paths but `open_paths` need an access token."""
    result = get_openapi(title=api.title, version=api.version, routes=api.routes)
    components = result.setdefault("components", {})
    components["securitySchemes"] = {ACCESS_TOKEN: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    schemas = components.setdefault("schemas", {})
    for name in _REPLACED:
        schemas.pop(name, None)
    for model in (FieldError, ProblemDetails):
        schemas[model.__name__] = model.model_json_schema(ref_template=SCHEMA_REFERENCE + "{model}")
        schemas[model.__name__].pop("$defs", None)
    for path, operation in _operations(result):
        _complete(operation, is_open=is_open(path, open_paths))
    return result


def is_open(path: str, open_paths: tuple[str, ...]) -> bool:
    """Whether the path is one of `open_paths`: exactly, or below a prefix that ends in `/*`."""
    return any(path == entry or (entry.endswith("/*") and path.startswith(entry[:-1])) for entry in open_paths)


def _complete(operation: dict[str, Any], *, is_open: bool) -> None:
    responses = operation["responses"]
    if "422" in responses:
        responses["422"] = {
            "description": "The request is not valid; `errors` names why.",
            "content": problem_content(),
        }
    if not is_open:
        operation["security"] = [{ACCESS_TOKEN: []}]
        refused = {"description": "There is no valid access token.", "content": problem_content()}
        refused["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "RFC 6750"}}
        responses.setdefault("401", refused)
    responses["default"] = {"description": "Any other refusal or failure.", "content": problem_content()}


def _operations(result: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in result["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                yield path, operation
