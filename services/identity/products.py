"""Products, which another service keeps: asked as the user, with the user's own token, since nobody trusts the
network."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import aiohttp

from services.catalog import API_PREFIX
from services.shared.errors import Problem, unavailable
from services.shared.logging import current_request_id
from services.shared.tracing import outgoing_headers

PAGE = 100
SECONDS = 10.0

log = logging.getLogger(__name__)


class Products:
    """The data service as one user sees it; open it as a context first. Every method raises the problem 503
    `products_unavailable` when that service does not do what it is asked."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}{API_PREFIX}/products"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS))
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def delete_all(self, access_token: str) -> None:
        """Delete the user's products."""
        async with self._request("DELETE", access_token, {"owner": "me"}, expected=204):
            pass

    async def pages(self, access_token: str) -> AsyncIterator[list[Any]]:
        """The user's products, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            parameters = {"owner": "me", "limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
            async with self._request("GET", access_token, parameters, expected=200) as response:
                page = await response.json()
            yield page["items"]
            cursor = page["next_cursor"]

    @asynccontextmanager
    async def _request(
        self, method: str, access_token: str, parameters: dict[str, str], *, expected: int
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            raise RuntimeError("products are used outside of `async with`")
        headers = {
            "authorization": f"Bearer {access_token}",
            "x-request-id": current_request_id.get() or "",
            **outgoing_headers(),
        }
        try:
            async with self._session.request(method, self._url, params=parameters, headers=headers) as response:
                if response.status != expected:
                    raise self._unavailable(f"{method} is answered {response.status}")
                yield response
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._unavailable(f"{type(error).__name__}: {error}") from error

    @staticmethod
    def _unavailable(reason: str) -> Problem:
        log.warning("the data service does not answer", extra={"reason": reason})
        return unavailable("products_unavailable", "Your products cannot be reached right now. Try again shortly.")
