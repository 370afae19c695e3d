"""Which header fields cross the gateway."""

from __future__ import annotations

from collections.abc import Iterable

from multidict import CIMultiDict
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
# What the gateway says itself, from what it has read: framing, addresses, the request's id.
OURS = frozenset(
    {
        b"content-length",
        b"expect",
        b"forwarded",
        b"host",
        b"x-original-url",
        b"x-real-ip",
        b"x-request-id",
        b"x-rewrite-url",
    }
)
ANSWERED_BY_US = frozenset({b"date", b"server", b"x-request-id"})


def for_upstream(scope: Scope) -> CIMultiDict[str]:
    """The request's fields as the service behind sees them: without those of one connection, and without any by which
    a client could pose as a proxy of ours. Names with `_` go too: servers may read them as `-`."""
    headers: Fields = scope["headers"]
    dropped = HOP_BY_HOP | OURS | _named_by_connection(headers)
    kept: CIMultiDict[str] = CIMultiDict()
    forwarded_proto = scope["scheme"]
    host = ""
    for name, value in headers:
        if name == b"host":
            host = _text(value)
        elif name == b"x-forwarded-proto":
            forwarded_proto = "https" if value.rsplit(b",", 1)[-1].strip() == b"https" else "http"
        elif name not in dropped and not name.startswith(b"x-forwarded-") and b"_" not in name:
            kept.add(name.decode("ascii"), _text(value))
    state = scope["state"]
    kept["X-Request-ID"] = state["request_id"]
    kept["X-Forwarded-For"] = state["client"]
    kept["X-Forwarded-Proto"] = forwarded_proto
    kept["X-Forwarded-Host"] = host
    return kept


def for_client(headers: Iterable[tuple[bytes, bytes]]) -> Fields:
    """The answer's fields as the client sees them."""
    lower = [(name.lower(), value) for name, value in headers]
    dropped = HOP_BY_HOP | ANSWERED_BY_US | _named_by_connection(lower)
    return [(name, value) for name, value in lower if name not in dropped]


def _named_by_connection(headers: Fields) -> frozenset[bytes]:
    """The fields that `Connection` says are for this connection alone."""
    return frozenset(
        token.strip().lower() for name, value in headers if name == b"connection" for token in value.split(b",")
    )


def _text(value: bytes) -> str:
    """As the client library takes it. It writes UTF-8, so other bytes come out as characters of Latin-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
