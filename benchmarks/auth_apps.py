"""The same endpoint behind four kinds of authentication: what benchmarks/auth_http.py puts under load.

python -m benchmarks.auth_apps MODE PORT KEYS serves GET /me on 127.0.0.1; KEYS is a file with a JWKS.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, cast

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from starlette.types import ASGIApp

from services.shared.auth import AuthMiddleware, Principal, current_user, verifier
from tests.services.shared.auth.issuer import CLIENT, ISSUER

MODES = ("no auth", "PyJWT in a dependency", "ours, cached", "ours, cached, and the route asks who", "ours, cold")


def without_auth(_: dict[str, Any]) -> FastAPI:
    """Nobody is asked."""
    app = FastAPI()

    @app.get("/me")
    async def me() -> dict[str, str]:
        return {"sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"}

    return app


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


def with_ours_and_a_dependency(keys: dict[str, Any]) -> ASGIApp:
    """The middleware checks, a dependency hands the principal to the route: FastAPI's price comes on top."""
    app = FastAPI()

    @app.get("/me")
    async def me(user: Annotated[Principal, Depends(current_user)]) -> dict[str, str]:
        return {"sub": user.sub}

    return AuthMiddleware(app, verifier(keys, ISSUER, CLIENT))


def main(mode: str, port: str, keys: str) -> None:
    """Serve until told to stop. Cached and cold differ in the tokens that are sent, not in the application."""
    document = json.loads(Path(keys).read_text())
    apps: dict[str, Callable[[dict[str, Any]], ASGIApp]] = dict(
        zip(MODES, (without_auth, with_pyjwt, with_ours, with_ours_and_a_dependency, with_ours), strict=True)
    )
    served = apps[mode](document)
    uvicorn.run(served, host="127.0.0.1", port=int(port), loop="uvloop", http="httptools", log_level="critical")


if __name__ == "__main__":
    main(*sys.argv[1:])
