"""Errors as every service answers them: problem details (RFC 9457) with a stable `code`."""

from __future__ import annotations

import http
import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import Scope, Send

PROBLEM_TYPE = "application/problem+json"


class Problem(HTTPException):
    """A refusal or failure with a stable `code` that programs can act on; `detail` is for people.

    `errors` names what was wrong with the request: [{"field": "email", "message": "..."}].
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(status, detail, headers)
        self.code = code
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return f"{self.status_code} {self.code}: {self.detail}"


class BrokenOffError(Exception):
    """An answer that has begun cannot be finished: only a cut connection tells the client. The reason is logged."""


def not_found(detail: str) -> Problem:
    """404 `not_found`."""
    return Problem(404, "not_found", detail)


def unavailable(code: str, detail: str, *, retry_after: int = 5) -> Problem:
    """503 with Retry-After in seconds (RFC 9110, 10.2.3)."""
    return Problem(503, code, detail, headers={"retry-after": str(retry_after)})


def as_problem(error: HTTPException) -> Problem:
    """The same refusal as a Problem: its code is the status' phrase, such as `method_not_allowed`."""
    if isinstance(error, Problem):
        return error
    code = _phrase(error.status_code).lower().replace(" ", "_").replace("-", "_")
    return Problem(error.status_code, code, str(error.detail), headers=error.headers)


def internal_error() -> Problem:
    """500 `internal_error`, which tells nothing but where to look: the log line with the same request id."""
    return Problem(500, "internal_error", "Something went wrong here. The request id finds it in the log.")


def problem_body(problem: Problem, request_id: str | None) -> bytes:
    """The problem as JSON: type, title, status, detail, code, request_id and, where fields were wrong, errors."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _phrase(problem.status_code),
        "status": problem.status_code,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
    }
    if problem.errors:
        body["errors"] = list(problem.errors)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


async def send_problem(problem: Problem, scope: Scope, send: Send) -> None:
    """Answer an ASGI request with the problem."""
    body = problem_body(problem, request_id_of(scope))
    headers = {**(problem.headers or {}), "content-type": PROBLEM_TYPE, "cache-control": "no-store"}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": problem.status_code, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def request_id_of(scope: Scope) -> str | None:
    """The request's id, which the request context left in the scope."""
    value = scope.get("state", {}).get("request_id")
    return value if isinstance(value, str) else None


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error"
