"""What every request to /api/v1/auth must show before anything else about it counts."""

from __future__ import annotations

import email.message
from enum import StrEnum
from typing import Annotated

from fastapi import Header, Request

from services.shared.auth.middleware import bearer_token
from services.shared.errors import Problem


class Carrier(StrEnum):
    """Where a client keeps its refresh token: a browser in a cookie, anybody else in hand."""

    BROWSER = "browser"
    BODY = "body"


class OriginCheck:
    """Dependency: refuses what a foreign page makes a browser send (CSRF).

    The cookie's SameSite is not enough: a form on another port or subdomain is of the same site. A body that is JSON
    by its content type cannot come from a form, and `Origin` tells who asks.
    """

    def __init__(self, public_origin: str) -> None:
        self._public = public_origin

    async def __call__(self, request: Request) -> None:
        """415 `unsupported_media_type` or 403 `origin_not_allowed`; reading needs neither."""
        if request.method in ("GET", "HEAD"):
            return
        if not _is_json(request.headers.get("content-type", "")):
            raise Problem(415, "unsupported_media_type", "Send JSON, with `Content-Type: application/json`.")
        origin = request.headers.get("origin")
        from_browser = request.headers.get("x-session") == Carrier.BROWSER
        if (origin is not None or from_browser) and origin != self._public:
            raise Problem(403, "origin_not_allowed", "This origin may not sign users in.")


async def carrier(
    x_session: Annotated[
        str | None, Header(description="`browser`: the session is a cookie. `body`: it is `refresh_token`.")
    ] = None,
) -> Carrier:
    """Dependency: the request's X-Session; 400 `session_header_invalid` when it says neither."""
    try:
        return Carrier(x_session or "")
    except ValueError:
        raise Problem(400, "session_header_invalid", "Send `X-Session: browser` or `X-Session: body`.") from None


def address_of(request: Request) -> str:
    """The user's own address."""
    return str(request.state.client)


def access_token(request: Request) -> str:
    """Dependency: the access token itself, for what users ask the pool to do for them."""
    return bearer_token(request.scope)


def _is_json(content_type: str) -> bool:
    message = email.message.Message()
    message["content-type"] = content_type
    return bool(content_type) and message.get_content_type() == "application/json"
