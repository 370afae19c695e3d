"""Requests made up from an OpenAPI document, valid and not, and what every answer to one has to be."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import product
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]

Send = Callable[[Any, str], None]
"""Sends a case and checks its answer; it comes from the address."""


def fuzz(document: dict[str, Any], count: int, send: Send, *, last: Sequence[str] = ()) -> int:
    """Send `count` cases, spread over the document's operations and over what makes sense and what does not; how many
    were sent. `last`: operations, such as "DELETE /users/me", after which others make little sense. Whoever sends them
    adds a token, so that none is made up of lacking one."""
    schema = schemathesis.openapi.from_dict(_without_security(document))
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    operations.sort(key=lambda operation: operation.label in last)
    assert operations
    each = -(-count // (2 * len(operations)))
    sent = 0

    def counted(case: Any) -> None:
        nonlocal sent
        sent += 1
        send(case, ".".join(str(1 + secrets.randbelow(222)) for _ in range(4)))

    while sent < count:  # some operations have few different cases
        for operation, mode in product(operations, GenerationMode):
            with suppress(Unsatisfiable):  # nothing about the operation could be wrong
                _run(operation.as_strategy(generation_mode=mode), each, counted)
    return sent


def _without_security(document: dict[str, Any]) -> dict[str, Any]:
    paths = {
        path: {method: {k: v for k, v in operation.items() if k != "security"} for method, operation in methods.items()}
        for path, methods in document["paths"].items()
    }
    components = {kind: members for kind, members in document["components"].items() if kind != "securitySchemes"}
    return {**document, "paths": paths, "components": components}


def _run(cases: Any, count: int, send: Callable[[Any], None]) -> None:
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=count < 50,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def one(case: Any) -> None:
        send(case)

    one()
