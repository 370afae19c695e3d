"""A service around its routes: what no service may lack, from its first check to its orderly end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from services.shared.command import main
from services.shared.context import RequestContext
from services.shared.errors import not_found
from services.shared.health import LIVE, READY, Check, Health

if TYPE_CHECKING:
    from services.shared.auth import RemoteKeys
    from services.shared.auth.middleware import Verify
    from services.shared.cycle import Express

__all__ = ["Application", "fetching", "keys_check", "main"]

METRICS = "/metrics"
EVERYTHING = "/*"

log = logging.getLogger(__name__)


class Application:
    """A service as one ASGI application.

    A request passes the request context (id, log, metrics, limit, last resort for errors), then health and metrics,
    then `admit`, which may raise a Problem or name who answers instead, then the token check, which refuses everything
    but `open_paths`, and only then the service's own `routes`.
    `checks` say by name when the service is ready. `resources` are opened at the start and closed in reverse order.
    `verify` may be None only for a service whose every path is open.
    """

    def __init__(
        self,
        routes: ASGIApp,
        *,
        verify: Verify | None,
        open_paths: Iterable[str],
        admit: Callable[[Scope], ASGIApp | None] | None = None,
        checks: Mapping[str, Check] | None = None,
        resources: Iterable[AbstractAsyncContextManager[object]] = (),
    ) -> None:
        self.routes = routes
        self._admit = admit
        self.health = Health(checks or {})
        self.context = RequestContext(self._route)
        self.resources = tuple(resources)
        self._guarded = self._guard(routes, verify, tuple(open_paths))
        self._own: dict[str, ASGIApp] = dict.fromkeys((LIVE, *READY), self.health)
        self._own[METRICS] = self.context.metrics
        self.express: Express | None = None
        """What may answer before this application is asked, where a service has such a thing."""

    def drain(self) -> None:
        """The service will stop: say so in readiness, and in every answer."""
        self.health.shutting_down = True
        self.context.draining = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or run the service's start and end."""
        if scope["type"] == "http":
            await self.context(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            raise RuntimeError(f"the server speaks {scope['type']}, this service only HTTP")

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = self._own.get(scope["path"])
        if own is not None:
            if _proxied(scope):
                raise not_found(f"There is nothing at {scope['path']}.")
            scope["state"]["quiet"] = True
            await own(scope, receive, send)
            return
        instead = self._admit(scope) if self._admit is not None else None
        await (instead or self._guarded)(scope, receive, send)

    def _guard(self, routes: ASGIApp, verify: Verify | None, open_paths: tuple[str, ...]) -> ASGIApp:
        if verify is None:
            if open_paths != (EVERYTHING,):
                raise ValueError(f"no verifier, yet not every path is open: {open_paths}")
            return routes
        # Who checks no tokens loads no cryptography.
        from services.shared.auth import AuthMiddleware  # noqa: PLC0415
        from services.shared.auth.metrics import TALLY  # noqa: PLC0415

        self.context.metrics.registry.register(TALLY)
        return AuthMiddleware(routes, verify, open_paths=open_paths)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as opened:
            try:
                for resource in self.resources:
                    await opened.enter_async_context(resource)
            except Exception as error:
                log.exception("the service cannot start")
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                raise
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


@asynccontextmanager
async def fetching(keys: RemoteKeys) -> AsyncIterator[None]:
    """A resource: fetches the keys in the background, so that the service starts whether they can be had or not."""

    async def prefetch() -> None:
        try:
            await keys.prefetch()
        except Exception as error:  # readiness tells, and asks again
            log.warning("the token keys cannot be fetched yet", extra={"reason": str(error)})

    task = asyncio.create_task(prefetch())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await keys.close()


def keys_check(keys: RemoteKeys) -> Check:
    """A readiness check: the keys that verify tokens are here, or can be fetched now."""

    async def check() -> None:
        if not keys.ready:
            await keys.prefetch()

    return check


def _proxied(scope: Scope) -> bool:
    """Whether the request came through the edge or the gateway, which both name whom they ask for.

    The edge hides health and metrics by path, and a path such as /%6detrics passes there and is decoded here. Who asks
    on the platform's behalf (the load balancer's own checks, the container's, a scraper) comes directly.
    """
    return any(name == b"x-forwarded-for" for name, _ in scope["headers"])
