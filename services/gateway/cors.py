"""Which other sites' pages may call the API (the Fetch standard, "CORS protocol"): none, unless configured."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.hygiene import METHODS

EXPOSED = b"etag, idempotent-replayed, ratelimit, ratelimit-policy, retry-after, x-request-id"
ALLOWED = b"authorization, content-type, idempotency-key, if-match, x-request-id, x-session"
PREFLIGHT = [
    (b"access-control-allow-methods", ", ".join(METHODS).encode()),
    (b"access-control-allow-headers", ALLOWED),
    (b"access-control-max-age", b"600"),
]


class Cors:
    """The app itself needs none of this: it has the API's own origin. Cookies are never allowed."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def admit(self, scope: Scope) -> ASGIApp | None:
        """Let the answer say that its page may read it; a preflight is answered here, as it comes without a token."""
        if not self._origins:
            return None
        headers = dict(scope["headers"])
        answer = scope["state"].setdefault("answer_headers", [])
        answer.append((b"vary", b"origin"))
        if headers.get(b"origin") not in self._origins:
            return None
        answer.append((b"access-control-allow-origin", headers[b"origin"]))
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            return _preflight
        answer.append((b"access-control-expose-headers", EXPOSED))
        return None


async def _preflight(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": PREFLIGHT})
    await send({"type": "http.response.body", "body": b""})
