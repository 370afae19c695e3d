"""Which paths need no token: decided on the one spelling of a path that no server or proxy could read otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.types import Scope

EVERYTHING = "/*"

# Segments of RFC 3986 characters without percent-encoding, parameters, empty or dot segments.
_PLAIN = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~!$&'()*+,=:@-]+)*/?")


class OpenPaths:
    """Exact paths, and with "/prefix/*" everything below a prefix; "/*" is everything. ValueError for other forms."""

    def __init__(self, paths: Iterable[str]) -> None:
        if isinstance(paths, str):
            raise ValueError(f"open_paths is a list of paths, not the one path {paths!r}")
        listed = frozenset(paths)
        for path in listed:
            if not path.startswith("/") or "*" in path.removesuffix("/*") or not _PLAIN.fullmatch(path):
                raise ValueError(f"open path {path!r} must be like /path or /prefix/*")
        self._all = EVERYTHING in listed
        self._exact = frozenset(path for path in listed if not path.endswith("/*"))
        self._prefixes = tuple(path.removesuffix("*") for path in listed if path.endswith("/*"))

    def includes(self, scope: Scope) -> bool:
        """Whether the request is for an open path.

        Below a prefix, a path with a dot segment, an empty segment or anything percent-encoded counts as closed:
        whoever normalises it later may end up elsewhere. So does one that the server's decoding has changed.
        """
        if self._all:
            return True
        path = scope["path"]
        if path not in self._exact and not (path.startswith(self._prefixes) and _PLAIN.fullmatch(path)):
            return False
        raw = scope.get("raw_path")
        return raw is None or bool(raw == path.encode())
