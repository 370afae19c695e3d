"""The gate in front of a service: no request passes without a valid token, except where the service says so."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.shared.auth.errors import Code, TokenError
from services.shared.auth.metrics import TALLY, Tally
from services.shared.auth.paths import OpenPaths
from services.shared.auth.principal import Principal
from services.shared.errors import send_problem

logger = logging.getLogger(__name__)

Verify = Callable[[str], Principal] | Callable[[str], Awaitable[Principal]]

POLICY_VIOLATION = 1008


class AuthMiddleware:
    """Pure ASGI middleware that leaves the Principal in scope["principal"], or answers in the app's stead.

    `verify` comes from `verifier`. `open_paths` are exact paths, or everything below one with "/prefix/*": requests
    for these pass unread, so they have no principal. All else, http or websocket, needs `Authorization: Bearer`.
    """

    def __init__(self, app: ASGIApp, verify: Verify, *, open_paths: Iterable[str] = (), tally: Tally = TALLY) -> None:
        self.app = app
        self._verify = verify
        self._open = OpenPaths(open_paths)
        self._tally = tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through to the app, or refuse it."""
        kind = scope["type"]
        if kind in ("http", "websocket"):
            scope.pop("principal", None)
            if not self._open.includes(scope):
                try:
                    scope["principal"] = await self._authenticate(scope)
                except TokenError as error:
                    logger.info("refused: %s", error)
                    await _refuse(error, scope, receive, send)
                    return
        elif kind != "lifespan":
            raise RuntimeError(f"this service does not speak {kind!r}")
        await self.app(scope, receive, send)

    async def _authenticate(self, scope: Scope) -> Principal:
        try:
            token = bearer_token(scope)
        except TokenError as error:
            self._tally.results[error.code] += 1
            raise
        verified = self._verify(token)
        return verified if isinstance(verified, Principal) else await verified


def bearer_token(scope: Scope) -> str:
    """The token of the one Authorization header (RFC 6750 section 2.1); never of a query or a form."""
    values = [value for name, value in scope["headers"] if name == b"authorization"]
    if not values:
        raise TokenError(Code.TOKEN_MISSING, "there is no Authorization header")
    if len(values) > 1:
        raise TokenError(Code.INVALID_REQUEST, "there is more than one Authorization header")
    scheme, _, token = values[0].partition(b" ")
    if scheme.lower() != b"bearer":
        raise TokenError(Code.TOKEN_MISSING, "the scheme is not Bearer")
    return str(token, "latin-1")


async def _refuse(error: TokenError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send_problem(error, scope, send)
        return
    await receive()
    if "websocket.http.response" in scope.get("extensions", {}):
        await send_problem(error, {**scope, "method": "GET"}, _denying(send))
    else:
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": error.code.value})


def _denying(send: Send) -> Send:
    """Sends an http answer in place of the handshake's (ASGI extension Websocket Denial Response)."""

    async def deny(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return deny
