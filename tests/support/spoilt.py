"""A platform behind something that changes its answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx

from tests.support.platform import Platform

Spoil = Callable[[str, str, httpx.Response], httpx.Response]
"""What a platform that is not well answers: (method, path, what a good one answers) -> answer."""


@contextmanager
def spoilt(platform: Platform, spoil: Spoil) -> Iterator[str]:
    """The platform behind something that changes its answers; its address."""
    behind = httpx.Client(base_url=platform.url, timeout=20)

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {
                k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length", "connection")
            }
            good = behind.request(self.command, self.path, content=body, headers=headers)
            answer = spoil(self.command, self.path, good)
            self.send_response(answer.status_code)
            self.send_header("content-type", answer.headers.get("content-type", "application/json"))
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815 (the server's own names)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        behind.close()
