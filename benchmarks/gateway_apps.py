"""What the gateway is measured with: a service to stand before, and the proxies that other people would use.

Run as `python -m benchmarks.gateway_apps upstream|usual PORT`; `usual` is told by UPSTREAM where the service is.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

PRODUCT = {
    "id": "0198c5a2-7f3e-7c1a-9d4b-1f2e3d4c5b6a",
    "name": "Lamp",
    "description": "A lamp of brass",
    "price_minor": 4900,
    "currency": "EUR",
}
ANSWERS = {
    "/api/v1/products": json.dumps({"items": [PRODUCT] * 20, "next_cursor": "x" * 40}).encode(),
    "/api/v1/users/me": json.dumps({"id": "ann", "email": "ann@example.com", "name": "Ann", "groups": []}).encode(),
    "/internal/revocations": b'{"revocations": {}}',
}


async def upstream(scope: Scope, _receive: Receive, send: Send) -> None:
    """A service that costs next to nothing."""
    body = ANSWERS[scope["path"]]
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def usual() -> FastAPI:
    """The proxy that people write: a route for everything, and one client."""
    app = FastAPI()
    client = httpx.AsyncClient(base_url=os.environ["UPSTREAM"])

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def proxy(path: str, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        content = await request.body()
        answer = await client.request(
            request.method, f"/{path}", params=request.query_params, headers=headers, content=content
        )
        return Response(answer.content, answer.status_code, dict(answer.headers))

    return app


NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream service {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
    }}
  }}
}}
"""


@contextmanager
def nginx(folder: Path, port: int, upstream_port: int) -> Iterator[psutil.Process]:
    """An nginx of one worker that keeps its connections to the service."""
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port, upstream=upstream_port))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = psutil.Popen([program, "-c", str(configuration), "-e", str(folder / "nginx.log")])
    try:
        time.sleep(0.5)
        yield process
    finally:
        process.terminate()
        process.wait(10)


def main(kind: str, port: int) -> None:
    """Serve one of them."""
    app = upstream if kind == "upstream" else usual()
    uvicorn.run(
        app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", log_level="warning", access_log=False,
        lifespan="off", server_header=False, date_header=kind != "upstream",
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
