"""A small service that test_server.py runs as a process: /slow takes as many seconds as ?seconds= says."""

from __future__ import annotations

import asyncio
import sys

from starlette.types import Receive, Scope, Send

from services.shared import logging as logs
from services.shared.lifecycle import Application
from services.shared.server import serve


async def routes(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["path"] == "/slow":
        await asyncio.sleep(float(scope["query_string"].partition(b"=")[2]))
    body = type(asyncio.get_running_loop()).__module__.encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]}
    )
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    logs.configure("example", "info")
    serve(Application(routes, verify=None, open_paths=("/*",)), "127.0.0.1", int(sys.argv[1]))
