"""Requests straight to an ASGI application, with headers and paths that no client library would send."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The body as a JSON object."""
        value: dict[str, Any] = json.loads(self.body)
        return value


def http_scope(path: str = "/me", *authorization: bytes | str, raw_path: bytes | None = None, **more: Any) -> Scope:
    """A request for `path`, with these Authorization headers."""
    values = [value.encode("latin-1") if isinstance(value, str) else value for value in authorization]
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode() if raw_path is None else raw_path,
        "query_string": b"",
        "headers": [(b"host", b"x"), *((b"authorization", value) for value in values)],
        **more,
    }


async def ask(app: ASGIApp, scope: Scope) -> Answer:
    """The application's answer to one HTTP request."""
    sent = await messages(app, scope, [{"type": "http.request", "body": b"", "more_body": False}])
    start, *rest = sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], headers, b"".join(message.get("body", b"") for message in rest))


async def messages(app: ASGIApp, scope: Scope, incoming: list[Message]) -> list[Message]:
    """All that the application sends for `incoming`."""
    sent: list[Message] = []
    waiting = list(incoming)

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


async def whoami(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers with the principal's subject, or `nobody`."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        return
    principal = scope.get("principal")
    body = (principal.sub if principal else "nobody").encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
