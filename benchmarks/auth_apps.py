"""The same endpoint behind four kinds of authentication: what benchmarks/auth_http.py puts under load.

python -m benchmarks.auth_apps MODE PORT KEYS serves GET /me on 127.0.0.1; KEYS is a file with a JWKS.
"""

from __future__ import annotations

import json
import sys
from base64 import urlsafe_b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, cast

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from fastapi import Depends, FastAPI, HTTPException, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.shared.auth import AuthMiddleware, Principal, current_user, verifier
from tests.services.shared.auth.issuer import CLIENT, ISSUER

MODES = (
    "no auth",
    "the signature alone",
    "PyJWT in a dependency",
    "ours, cached",
    "ours, cached, and the route asks who",
    "ours, cold",
    "ours, cold and then remembered",
)


def without_auth(_: dict[str, Any]) -> FastAPI:
    """Nobody is asked."""
    app = FastAPI()

    @app.get("/me")
    async def me() -> dict[str, str]:
        return {"sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"}

    return app


def with_the_signature_alone(keys: dict[str, Any]) -> ASGIApp:
    """No verifier can do less: one RSA check and nothing read. What it costs bounds what any of them can reach."""
    public, padding, digest = jwt.PyJWK(keys["keys"][0]).key, PKCS1v15(), SHA256()
    app = without_auth(keys)

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            text = next(value for name, value in scope["headers"] if name == b"authorization")
            signed, _, signature = text.removeprefix(b"Bearer ").rpartition(b".")
            public.verify(urlsafe_b64decode(signature + b"=="), signed, padding, digest)
        await app(scope, receive, send)

    return checked


def with_pyjwt(keys: dict[str, Any]) -> ASGIApp:
    """The way of most tutorials: a dependency that decodes."""
    app = FastAPI()
    parsed = {key["kid"]: jwt.PyJWK(key) for key in keys["keys"]}
    required = {"require": ["exp", "iat", "iss", "sub", "client_id", "token_use"]}

    async def claims_of(request: Request) -> dict[str, Any]:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise HTTPException(401)
        try:
            key = parsed[jwt.get_unverified_header(text)["kid"]]
            claims = jwt.decode(text, key, algorithms=["RS256"], issuer=ISSUER, options=cast(Any, required))
        except (jwt.InvalidTokenError, KeyError):
            raise HTTPException(401) from None
        if claims["client_id"] != CLIENT or claims["token_use"] != "access":
            raise HTTPException(401)
        return claims

    checked = Depends(claims_of)

    @app.get("/me")
    async def me(claims: dict[str, Any] = checked) -> dict[str, str]:
        return {"sub": claims["sub"]}

    return app


def with_ours(keys: dict[str, Any]) -> ASGIApp:
    """The same application, behind the middleware."""
    return AuthMiddleware(without_auth(keys), verifier(keys, ISSUER, CLIENT))


def with_ours_uncached(keys: dict[str, Any]) -> ASGIApp:
    """The same without a cache: every token is verified each time it comes, as PyJWT does."""
    return AuthMiddleware(without_auth(keys), verifier(keys, ISSUER, CLIENT, cache_entries=0))


def with_ours_and_a_dependency(keys: dict[str, Any]) -> ASGIApp:
    """The middleware checks, a dependency hands the principal to the route: FastAPI's price comes on top."""
    app = FastAPI()

    @app.get("/me")
    async def me(user: Annotated[Principal, Depends(current_user)]) -> dict[str, str]:
        return {"sub": user.sub}

    return AuthMiddleware(app, verifier(keys, ISSUER, CLIENT))


def main(mode: str, port: str, keys: str) -> None:
    """Serve until told to stop. "cached" and "remembered" differ in the tokens sent, not in the application."""
    document = json.loads(Path(keys).read_text())
    makers = (
        without_auth,
        with_the_signature_alone,
        with_pyjwt,
        with_ours,
        with_ours_and_a_dependency,
        with_ours_uncached,
        with_ours,
    )
    apps: dict[str, Callable[[dict[str, Any]], ASGIApp]] = dict(zip(MODES, makers, strict=True))
    served = apps[mode](document)
    uvicorn.run(served, host="127.0.0.1", port=int(port), loop="uvloop", http="httptools", log_level="critical")


if __name__ == "__main__":
    main(*sys.argv[1:])
