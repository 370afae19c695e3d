"""The gate for what is not plain HTTP (H9)."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Message

from services.shared.auth import AuthMiddleware, verifier
from tests.services.shared.auth.http_requests import http_scope, messages, whoami
from tests.services.shared.auth.issuer import CLIENT, ISSUER, NOW, key_set, token

VERIFY = verifier(key_set(), ISSUER, CLIENT, clock=lambda: NOW)
OPEN = ("/health", "/docs/*")
CHALLENGE = 'Bearer realm="sri"'


def guarded(**options: Any) -> AuthMiddleware:
    return AuthMiddleware(whoami, VERIFY, **{"open_paths": OPEN, **options})


async def test_lifespan_passes_and_what_is_neither_http_nor_websocket_does_not() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    gate = AuthMiddleware(app, VERIFY)
    await messages(gate, {"type": "lifespan"}, [])
    with pytest.raises(RuntimeError, match="does not speak"):
        await messages(gate, {"type": "mqtt", "headers": []}, [])
    assert seen == ["lifespan"]


def socket_scope(path: str, *authorization: str, **more: Any) -> dict[str, Any]:
    return {**http_scope(path, *authorization), "type": "websocket", **more}


CONNECT: list[Message] = [{"type": "websocket.connect"}]


async def test_a_websocket_without_a_token_is_closed_as_a_policy_violation() -> None:
    """H9."""
    for value in ((), ("Bearer x.y.z",), ("Bearer a", "Bearer b")):
        (sent,) = await messages(guarded(), socket_scope("/me", *value), CONNECT)
        assert (sent["type"], sent["code"]) == ("websocket.close", 1008)


async def test_a_websocket_is_denied_with_the_same_answer_where_the_server_can_send_one() -> None:
    """H9."""
    scope = socket_scope("/me", extensions={"websocket.http.response": {}})
    start, body = await messages(guarded(), scope, CONNECT)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 401)
    assert (b"www-authenticate", CHALLENGE.encode()) in start["headers"]
    assert body["type"] == "websocket.http.response.body"
    assert b"token_missing" in body["body"]


async def test_a_websocket_with_a_good_token_or_on_an_open_path_is_accepted() -> None:
    for scope in (socket_scope("/me", f"Bearer {token()}"), socket_scope("/docs/live")):
        assert await messages(guarded(), scope, CONNECT) == [{"type": "websocket.accept"}]
