"""What the server refuses by itself, before there is a request that an application could answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from services.shared.errors import Problem

REFUSALS: Counter[str] = Counter()
"""Requests refused before they were whole, by the problem's code, since the process began."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a client may take. `overhead`: bytes of a request that are not its body: line, fields, chunk sizes and
    trailers. Seconds: `head` until the last field and `request` until the end of the body, from the first byte on;
    `stalled` for a client that takes no more of its answer; `last_words` for an idle connection when the server stops.
    """

    overhead: int = 64 * 1024
    head: float = 10.0
    request: float = 30.0
    stalled: float = 30.0
    last_words: float = 0.2


def malformed() -> Problem:
    """It cannot be read, or could be read in two ways."""
    return Problem(400, "malformed_request", "This is not a well-formed request.")


def too_slow() -> Problem:
    """It did not come in time."""
    return Problem(408, "request_timeout", "The request did not arrive in time.")


def too_much(overhead: int) -> Problem:
    """More than `overhead` bytes of it are not its body."""
    detail = f"The fields of a request, or what frames its body, may take {overhead} bytes here."
    return Problem(431, "fields_too_large", detail)
