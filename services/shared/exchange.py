"""One request and its answer, as seen from outside of the application: ids, address, size and what became of it."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
from starlette.types import Message, Receive, Scope, Send

from services.shared.errors import Problem
from services.shared.tracing import trace_of

if TYPE_CHECKING:
    from services.shared.context import RequestContext

DISCARD_SECONDS = 1.0
DISCARD_FACTOR = 8
_LONGEST_LOGGED_PATH = 200
_LONGEST_ADDRESS = 64
"""Bytes, which any address takes fewer of (RFC 4291, 2.2): what is remembered must be short."""
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

Fields = list[tuple[bytes, bytes]]


class Exchange:
    """Finds out who asks and by which ids, and leaves `request_id`, `trace`, `client` and `values` in scope["state"].

    `values`: the request's fields by their names, the last one of each. As an ASGI application's `receive` and `send`
    it counts the body against the limit and gives the answer its id.
    """

    status = 0
    """Of the answer, once it has begun."""
    finished = False
    _declared: bytes | None = None
    _incoming = False
    _asks_first = False
    _received = 0

    def __init__(self, scope: Scope, values: Mapping[bytes, bytes], context: RequestContext) -> None:
        self.began = time.monotonic()
        trace = trace_of(values.get(b"traceparent"), values.get(b"tracestate"))
        if context.exporter is not None and not trace.parent_id:
            trace = msgspec.structs.replace(trace, sampled=context.exporter.samples(trace))
        self.trace = trace
        given = values.get(b"x-request-id")
        if given is not None and _REQUEST_ID.fullmatch(given):
            self.request_id = given.decode()
        else:
            self.request_id = trace.span_id + trace.trace_id[16:] if trace.parent_id else trace.trace_id
        self.client = client_address(scope, values.get(b"x-forwarded-for"))
        state = scope.setdefault("state", {})
        state["request_id"] = self.request_id
        state["trace"] = trace
        state["client"] = self.client
        state["values"] = values
        self.scope = scope
        self.path: str = scope["path"][:_LONGEST_LOGGED_PATH]
        """For the log: without its query, which may hold what no log should."""
        self._context = context

    def connect(self, receive: Receive, send: Send) -> None:
        """Where the request comes from and the answer goes."""
        self._receive, self._send = receive, send
        values: Mapping[bytes, bytes] = self.scope["state"]["values"]
        self._declared = values.get(b"content-length")
        self._incoming = self._declared not in (None, b"0") or b"transfer-encoding" in values
        self._asks_first = b"expect" in values

    def refuse_declared_excess(self) -> None:
        """413 before anything is read, when the request says itself that its body is too large."""
        if self._declared is not None and int(self._declared) > self._context.max_body:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next message, counted against the limit."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._incoming = message.get("more_body", False)
            self._received += len(message.get("body", b""))
            if self._received > self._context.max_body:
                raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        """Pass on the answer's next message; its first one carries the request's id."""
        if message["type"] == "http.response.start":
            if self._incoming:
                await self._discard_rest()
            self.status = message["status"]
            given = message.get("headers", ())
            message["headers"] = self.answer_fields([field for field in given if field[0] != b"x-request-id"])
        elif not message.get("more_body", False):
            self.finished = True
        await self._send(message)

    def answer_fields(self, fields: Fields) -> Fields:
        """The answer's fields: the application's, to which the request's id is added, and what else answers say."""
        fields.append((b"x-request-id", self.request_id.encode()))
        fields += self.scope["state"].get("answer_headers", ())
        if self._incoming or self._context.draining:
            fields = [field for field in fields if field[0] != b"connection"]
            fields.append((b"connection", b"close"))
        return fields

    async def _discard_rest(self) -> None:
        """Read what is still coming of a request that is answered early, within limits: to close on a client that is
        sending resets its connection, and the answer is lost with it. One who asked first (RFC 9110, 10.1.1) waits."""
        if self._asks_first and not self._received:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_SECONDS):
                while self._incoming and self._received < DISCARD_FACTOR * self._context.max_body:
                    message = await self._receive()
                    self._received += len(message.get("body", b""))
                    self._incoming = message.get("more_body", False)

    def _too_large(self) -> Problem:
        return Problem(
            413,
            "body_too_large",
            f"The body is larger than the {self._context.max_body} bytes allowed here.",
            headers={"connection": "close"},
        )


def client_address(scope: Scope, forwarded_for: bytes | None) -> str:
    """The user's address: the last entry of X-Forwarded-For, else the peer.

    Each service has exactly one hop before it that writes this entry (the load balancer or the gateway); what stands
    before the last one is whatever the client liked to send.
    """
    peer = scope.get("client")
    last = forwarded_for.rsplit(b",", 1)[-1] if forwarded_for else b""
    address = _address(last) if 0 < len(last) <= _LONGEST_ADDRESS else ""
    return address or (str(peer[0]) if peer else "unknown")


@lru_cache(maxsize=4096)
def _address(text: bytes) -> str:
    try:
        return str(ipaddress.ip_address(text.strip().decode("latin-1")))
    except ValueError:
        return ""
