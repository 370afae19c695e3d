"""The built web app, read into memory once: what is not in this table cannot be asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

INDEX = "/index.html"
HASHED = "/assets/"
"""Files below this path carry a hash of their content in their names, so that they never change."""

ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""Content codings (RFC 9110, 8.4.1), best first, and the suffix under which the build leaves each beside its file."""

_FOREVER = "public, max-age=31536000, immutable"
_ASK_FIRST = "no-cache"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


class NotBuiltError(Exception):
    """There is no built web app to serve."""


@dataclass(frozen=True)
class File:
    """One file as it is answered; `encoded` is its content in each content coding that the build made."""

    content: bytes
    media_type: str
    cache_control: str
    etag: str
    encoded: Mapping[str, bytes] = field(default_factory=dict)


def read(folder: Path) -> dict[str, File]:
    """URL path -> file, for every file below the folder. NotBuiltError when it holds no index.html."""
    paths = {path for path in sorted(folder.rglob("*")) if path.is_file()}
    encoded = {path.with_name(path.name + suffix) for path in paths for suffix in ENCODINGS.values()}
    files = {_url_path(path, folder): _file(path, folder) for path in paths - encoded}
    if INDEX not in files:
        raise NotBuiltError(f"The web app is not built: {folder} has no index.html. Run `make web` and start again.")
    return files


def version(files: Mapping[str, File]) -> str:
    """Twelve hexadecimal digits that change with each build: the page names every hashed file."""
    return hashlib.sha256(files[INDEX].content).hexdigest()[:12]


def _url_path(path: Path, folder: Path) -> str:
    return "/" + path.relative_to(folder).as_posix()


def _file(path: Path, folder: Path) -> File:
    content = path.read_bytes()
    beside = {coding: path.with_name(path.name + suffix) for coding, suffix in ENCODINGS.items()}
    return File(
        content=content,
        media_type=_TYPES.get(path.suffix, "application/octet-stream"),
        cache_control=_FOREVER if _url_path(path, folder).startswith(HASHED) else _ASK_FIRST,
        etag=hashlib.sha256(content).hexdigest()[:32],
        encoded={coding: packed.read_bytes() for coding, packed in beside.items() if packed.is_file()},
    )
