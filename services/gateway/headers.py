"""Which header fields cross the gateway."""

from __future__ import annotations

from functools import lru_cache

from starlette.types import Scope

from services.shared.tracing import Trace

Fields = list[tuple[bytes, bytes]]

# RFC 9110, 7.6.1, and what connections of older kinds used; they concern one connection alone.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# What the gateway says itself, from what it has read: framing, addresses, the request's id and trace.
OURS = frozenset(
    {
        b"content-length",
        b"expect",
        b"forwarded",
        b"host",
        b"traceparent",
        b"tracestate",
        b"x-original-url",
        b"x-real-ip",
        b"x-request-id",
        b"x-rewrite-url",
    }
)
ANSWERED_BY_US = frozenset({b"date", b"server", b"x-request-id"})


def for_upstream(scope: Scope) -> list[bytes]:
    """The request's fields as the service behind sees them, a line each: without those of one connection, and without
    any by which a client could pose as a proxy of ours. Names with `_` go too: servers may read them as `-`."""
    headers: Fields = scope["headers"]
    state = scope["state"]
    values = state["values"]
    fields = [field for field in headers if _crosses(field[0])]
    if b"connection" in values:
        named = _named_by_connection(headers)
        fields = [field for field in fields if field[0] not in named]
    lines = [*map(b": ".join, fields)]
    trace: Trace = state["trace"]
    if trace.state:
        lines.append(b"tracestate: " + trace.state)
    protocol = values.get(b"x-forwarded-proto")
    scheme = scope["scheme"] if protocol is None else _protocol(protocol)
    forwarded = _forwarded(state["client"], scheme, values.get(b"host", b""))
    lines.append(f"x-request-id: {state['request_id']}\r\ntraceparent: {trace.parent()}\r\n{forwarded}".encode())
    return lines


def for_client(headers: Fields) -> Fields:
    """The answer's fields, whose names are in lower case, as the client sees them."""
    fields = [field for field in headers if field[0] not in _NOT_FOR_CLIENTS]
    if len(fields) < len(headers) and b"connection" in dict(headers):
        named = _named_by_connection(headers)
        return [field for field in fields if field[0] not in named]
    return fields


@lru_cache(maxsize=4096)
def _forwarded(client: str, scheme: str, host: bytes) -> str:
    return f"x-forwarded-for: {client}\r\nx-forwarded-proto: {scheme}\r\nx-forwarded-host: {host.decode('ascii')}"


def _protocol(forwarded: bytes) -> str:
    return "https" if forwarded.rsplit(b",", 1)[-1].strip() == b"https" else "http"


_NOT_FOR_CLIENTS = HOP_BY_HOP | ANSWERED_BY_US


@lru_cache(maxsize=256)  # names may be long, and clients make them up
def _crosses(name: bytes) -> bool:
    return name not in HOP_BY_HOP | OURS and not name.startswith(b"x-forwarded-") and b"_" not in name


def _named_by_connection(headers: Fields) -> frozenset[bytes]:
    """The fields that `Connection` says are for this connection alone."""
    return frozenset(
        token.strip().lower() for name, value in headers if name == b"connection" for token in value.split(b",")
    )
