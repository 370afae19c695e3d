"""The data service as this one sees it: products of whoever's token it is, over real HTTP."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send


@dataclass
class DataService:
    """An ASGI application: GET and DELETE /api/v1/products?owner=me. `failing`: the status it answers instead;
    `seen`: the headers of the last request."""

    products: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    failing: int = 0
    url: str = ""
    seen: dict[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(Request(scope))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        self.seen = dict(request.headers)
        if self.failing:
            return JSONResponse({}, self.failing)
        assert (request.url.path, request.query_params["owner"]) == ("/api/v1/products", "me")
        owner = _sub(request.headers["authorization"])
        if request.method == "DELETE":
            self.products.pop(owner, None)
            return Response(status_code=204)
        limit, start = int(request.query_params["limit"]), int(request.query_params.get("cursor", "0"))
        mine = self.products.get(owner, [])
        more = start + limit < len(mine)
        return JSONResponse({"items": mine[start : start + limit], "next_cursor": str(start + limit) if more else None})


def _sub(authorization: str) -> str:
    payload = authorization.removeprefix("Bearer ").split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=="))["sub"])
