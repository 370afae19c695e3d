"""A request's target, taken apart (RFC 9112, 3.2)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

import httptools

LONGEST_REMEMBERED = 256
"""Of a target: those that are asked for again and again are shorter."""


class Target(NamedTuple):
    """As ASGI's scope has it: the path decoded and as it came, and the query."""

    path: str
    raw_path: bytes
    query: bytes


def parsed(target: bytes) -> Target:
    """The target's parts. ValueError for what is neither an absolute path nor an absolute URL of the web."""
    return _again(target) if len(target) <= LONGEST_REMEMBERED else _parsed(target)


def _parsed(target: bytes) -> Target:
    if not target.startswith((b"/", b"http://", b"https://")) or b"#" in target:
        raise ValueError("neither a path nor a URL")
    url = httptools.parse_url(target)
    if url.path is None:
        raise ValueError("a URL without a path")
    path = url.path.decode("ascii")
    return Target(unquote(path) if "%" in path else path, url.path, url.query or b"")


_again = lru_cache(maxsize=4096)(_parsed)
