"""The page that shows the API's document to people. All of it is here: it loads nothing from anywhere else."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.types import Receive, Scope, Send

from services.shared.errors import Problem, not_found

FOLDER = Path(__file__).parent / "docs"
FILES = {
    "": ("page.html", b"text/html"),
    "/page.css": ("page.css", b"text/css"),
    "/page.js": ("page.js", b"text/javascript"),
}
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class DocsPage:
    """An ASGI application for `path` and the files below it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._files = {path + tail: (kind, (FOLDER / name).read_bytes()) for tail, (name, kind) in FILES.items()}

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer GET and HEAD."""
        found = self._files.get(scope["path"])
        if found is None:
            raise not_found("There is nothing at this path.")
        if scope["method"] not in ("GET", "HEAD"):
            raise Problem(405, "method_not_allowed", "The page can only be read.", headers={"allow": "GET, HEAD"})
        scope["state"]["route"] = self._path
        kind, content = found
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'.encode()
        fresh = (b"if-none-match", etag) in scope["headers"]
        headers = [
            (b"content-security-policy", POLICY),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cache-control", b"no-cache"),
            (b"etag", etag),
        ]
        if not fresh:
            headers += [(b"content-type", kind + b"; charset=utf-8"), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 304 if fresh else 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if fresh or scope["method"] == "HEAD" else content})
