"""Access tokens as Cognito makes them, signed with a key of the test's own."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Test"
CLIENT_ID = "test-client"


def make_key() -> RSAKey:
    """A new key with a kid of its own."""
    return RSAKey.generate_key(2048, {"kid": uuid.uuid4().hex, "alg": "RS256", "use": "sig"})


@dataclass(frozen=True)
class TokenIssuer:
    """Whoever signs tokens: one key, published as a key set."""

    key: RSAKey = field(default_factory=make_key)
    jwks_url: str = ""

    def jwks(self) -> dict[str, Any]:
        """The public key set."""
        return dict(KeySet([self.key]).as_dict(private=False))

    def token(self, sub: str = "someone", *, groups: tuple[str, ...] = (), **claims: Any) -> str:
        """An access token that is good for five minutes, except for what `claims` change (None: leave out)."""
        now = int(time.time())
        payload: dict[str, Any] = {
            "sub": sub,
            "iss": ISSUER,
            "client_id": CLIENT_ID,
            "token_use": "access",
            "scope": "aws.cognito.signin.user.admin",
            "auth_time": now,
            "iat": now,
            "exp": now + 300,
            "jti": uuid.uuid4().hex,
            "origin_jti": uuid.uuid4().hex,
            "username": sub,
        }
        if groups:
            payload["cognito:groups"] = list(groups)
        payload.update(claims)
        kept = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, kept, self.key)

    def headers(self, sub: str = "someone", **claims: Any) -> dict[str, str]:
        """The Authorization header with such a token."""
        return {"authorization": f"Bearer {self.token(sub, **claims)}"}


@pytest.fixture(scope="session")
def token_issuer() -> Iterator[TokenIssuer]:
    """An issuer whose key set is at `jwks_url`, over real HTTP."""
    with key_server() as issuer:
        yield issuer


@contextmanager
def key_server() -> Iterator[TokenIssuer]:
    """The same for as long as the block lasts."""
    key = make_key()
    body = json.dumps(TokenIssuer(key).jwks()).encode()

    class KeySetHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), KeySetHandler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield TokenIssuer(key, f"http://127.0.0.1:{server.server_port}/jwks.json")
        server.shutdown()
        thread.join()
