"""Which header fields cross the gateway."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from starlette.types import Scope

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
    """The request's fields as the service behind sees them, as lines: without those of one connection, and without any
    by which a client could pose as a proxy of ours. Names with `_` go too: servers may read them as `-`."""
    headers: Fields = scope["headers"]
    named = _named_by_connection(headers)
    state = scope["state"]
    forwarded_proto = scope["scheme"].encode()
    host = b""
    lines = []
    for name, value in headers:
        if _crosses(name) and name not in named:
            lines.append(b"%b: %b\r\n" % (name, value))
        elif name == b"host":
            host = value
        elif name == b"x-forwarded-proto":
            forwarded_proto = b"https" if value.rsplit(b",", 1)[-1].strip() == b"https" else b"http"
    lines.append(
        b"x-request-id: %b\r\nx-forwarded-for: %b\r\nx-forwarded-proto: %b\r\nx-forwarded-host: %b\r\n"
        % (state["request_id"].encode(), state["client"].encode(), forwarded_proto, host)
    )
    lines.extend(b"%b: %b\r\n" % field for field in state["trace"].headers())
    return lines


def for_client(headers: Iterable[tuple[bytes, bytes]]) -> Fields:
    """The answer's fields, whose names are in lower case, as the client sees them."""
    fields = [*headers]
    named = _named_by_connection(fields)
    return [field for field in fields if field[0] not in _NOT_FOR_CLIENTS and field[0] not in named]


_NOT_FOR_CLIENTS = HOP_BY_HOP | ANSWERED_BY_US
_NOBODY: frozenset[bytes] = frozenset()


@lru_cache(maxsize=4096)
def _crosses(name: bytes) -> bool:
    return name not in HOP_BY_HOP | OURS and not name.startswith(b"x-forwarded-") and b"_" not in name


def _named_by_connection(headers: Fields) -> frozenset[bytes]:
    """The fields that `Connection` says are for this connection alone."""
    for name, _ in headers:
        if name == b"connection":
            break
    else:
        return _NOBODY
    return frozenset(
        token.strip().lower() for name, value in headers if name == b"connection" for token in value.split(b",")
    )
