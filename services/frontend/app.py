"""The server of the web app: its files, one page for every page path, and the configuration at run time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from services.catalog import API_PREFIX, by_name
from services.frontend.files import INDEX, File, NotBuiltError, read, version
from services.frontend.headers import protected
from services.frontend.settings import Settings
from services.shared.errors import Problem, not_found
from services.shared.lifecycle import Application

DIST = Path(__file__).parent / "web" / "dist"
CONFIG = "/config.json"

_METHODS = ("GET", "HEAD")
_PAGE = re.compile(r"(/[A-Za-z0-9_~-]+)*/?")
"""Paths that the app's router may know: no dot (that is a file), no empty part, nothing that needs decoding."""
_NO_PAGES_BELOW = ("/api", "/assets", "/health", "/metrics")


class Frontend(Application):
    """The service; even an error answered by the layers around the routes has the protecting headers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or run the service's start and end."""
        await super().__call__(scope, receive, protected(send) if scope["type"] == "http" else send)


class WebApp:
    """An ASGI application for `files`, any page path, and `config` (public: everyone can read it) as JSON."""

    def __init__(self, files: Mapping[str, File], config: Mapping[str, str]) -> None:
        self.files = files
        self.config = dict(config)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Problem 405 for a method that is neither GET nor HEAD, 404 for no file and no page."""
        request = Request(scope)
        await self._answer(request)(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if request.method not in _METHODS:
            allowed = ", ".join(_METHODS)
            detail = f"This path answers {allowed} only."
            raise Problem(405, "method_not_allowed", detail, headers={"allow": allowed})
        path = request.scope["path"]
        if path == CONFIG:
            return JSONResponse(self.config, headers={"cache-control": "no-store"})
        file = self.files.get(path) or (self.files[INDEX] if is_page(path) else None)
        if file is None:
            raise not_found(f"There is nothing at {path}.")
        return _file_answer(file, request.headers)


def is_page(path: str) -> bool:
    """Whether the path may be a page of the web app, which then decides whether it knows it."""
    first = "/" + path.split("/", 2)[1]
    return _PAGE.fullmatch(path) is not None and first not in _NO_PAGES_BELOW


def _file_answer(file: File, asked: Headers) -> Response:
    coding = accepted_coding(asked.get("accept-encoding", ""), file)
    etag = f'"{file.etag}{coding and f"-{coding}"}"'
    headers = {"cache-control": file.cache_control, "etag": etag, "vary": "accept-encoding"}
    if etag in asked.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if coding:
        headers["content-encoding"] = coding
    return Response(file.encoded.get(coding, file.content), headers=headers, media_type=file.media_type)


def accepted_coding(accept_encoding: str, file: File) -> str:
    """The best content coding of the file that the client takes (RFC 9110, 12.5.3), "" for the plain content."""
    taken = {}
    for entry in accept_encoding.lower().split(","):
        coding, _, weight = entry.partition(";")
        taken[coding.strip()] = re.fullmatch(r"\s*q=0(\.0*)?\s*", weight) is None
    return next((coding for coding in file.encoded if taken.get(coding, taken.get("*", False))), "")


def create(settings: Settings, dist: Path = DIST) -> Frontend:
    """The service. Exits with one sentence when the web app is not built."""
    try:
        files = read(dist)
    except NotBuiltError as error:
        raise SystemExit(str(error)) from None
    config = {"environment": settings.environment, "api_base": API_PREFIX, "version": version(files)}
    open_paths = by_name("frontend").open_paths
    return Frontend(WebApp(files, config), verify=None, open_paths=open_paths)
