"""The JSON API of a service: a FastAPI application whose errors are problems and whose document says so."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from services.shared.errors import (
    PROBLEM_TYPE,
    Problem,
    as_problem,
    internal_error,
    problem_body,
    request_id_of,
)
from services.shared.openapi import document

OPENAPI_PATH = "/api/v1/openapi.json"


def _stripped(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold a NUL character")
    return text.strip()


def _not_blank(text: str) -> str:
    if not text:
        raise ValueError("must not be blank")
    return text


STRIPPED = AfterValidator(_stripped)
"""Text that Postgres can keep: without U+0000, and without blanks at its ends. Its length is checked before, as a
client does that goes by the document."""
NOT_BLANK = AfterValidator(_not_blank)


class RequestModel(BaseModel):
    """A request's body: members that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def create_api(*, title: str, routers: Sequence[APIRouter], open_paths: Sequence[str]) -> FastAPI:
    """The application of a service's routers. Its OpenAPI document, at /api/v1/openapi.json, says that every path but
    `open_paths` needs a token; to hold to it is the token check's part.
    """
    api = FastAPI(
        title=title,
        version="1",
        openapi_url=OPENAPI_PATH,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        exception_handlers=dict.fromkeys((HTTPException, RequestValidationError, Exception), answer_with_problem),
    )
    for router in routers:
        # Not `include_router`: by that FastAPI looks for the route of each request in two rounds, which costs 20 us.
        api.router.routes.extend(router.routes)
    api.openapi = cache(partial(document, api, tuple(open_paths)))  # type: ignore[method-assign]  # FastAPI's own way
    return api


async def answer_with_problem(request: Request, error: Exception) -> Response:
    """The exception as a problem. The framework raises an unexpected one again, and the request context logs it."""
    problem = _problem_of(error)
    headers = {"cache-control": "no-store", **(problem.headers or {})}
    body = problem_body(problem, request_id_of(request.scope))
    return Response(body, problem.status_code, headers, media_type=PROBLEM_TYPE)


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, HTTPException):
        return as_problem(error)
    if isinstance(error, RequestValidationError):
        errors = [_field_error(problem) for problem in error.errors()]
        detail = "The request is not valid: " + "; ".join(f"{e['field']}: {e['message']}" for e in errors)
        return Problem(422, "invalid_request", detail, errors=errors)
    return internal_error()


def _field_error(problem: dict[str, Any]) -> dict[str, str]:
    source, *path = problem["loc"]
    if problem["type"] == "json_invalid":
        return {"field": "body", "message": f"is not JSON: {problem['ctx']['error']}"}
    field = ".".join(str(part) for part in path) or str(source)
    if problem["type"] == "extra_forbidden":
        return {"field": field, "message": "is not a member of this request"}
    message = str(problem["msg"]).removeprefix("Value error, ")
    return {"field": field, "message": message[:1].lower() + message[1:]}
