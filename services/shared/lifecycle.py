"""From a service's routes to a running process, the same for every service.

`Application` puts around the routes what no service may lack; `main` is each service's command line.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import importlib.util
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from services.shared import logging as logs
from services.shared.context import RequestContext
from services.shared.health import LIVE, READY, Check, Health
from services.shared.metrics import Metrics
from services.shared.settings import MigrationSettings, ServiceSettings, load_or_exit

if TYPE_CHECKING:
    from services.shared.auth import Principal, RemoteKeys

    Verify = Callable[[str], Principal] | Callable[[str], Awaitable[Principal]]

METRICS = "/metrics"
EVERYTHING = "/*"

log = logging.getLogger(__name__)


class Application:
    """A service as one ASGI application.

    A request passes the request context (id, log, metrics, limit, last resort for errors), then health and metrics,
    then the token check, which refuses everything but `open_paths`, and only then the service's own `routes`.
    `checks` say by name when the service is ready. `resources` are opened at the start and closed in reverse order.
    `verify` may be None only for a service whose every path is open.
    """

    def __init__(
        self,
        routes: ASGIApp,
        *,
        verify: Verify | None,
        open_paths: Iterable[str],
        checks: Mapping[str, Check] | None = None,
        resources: Iterable[AbstractAsyncContextManager[object]] = (),
    ) -> None:
        self.routes = routes
        self.health = Health(checks or {})
        self.metrics = Metrics()
        self.resources = tuple(resources)
        self._guarded = _guarded(routes, verify, tuple(open_paths))
        self._own: dict[str, ASGIApp] = dict.fromkeys((LIVE, *READY), self.health) | {METRICS: self.metrics}
        self.context = RequestContext(self._route, self.metrics)

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
            scope["state"]["quiet"] = True
        await (own or self._guarded)(scope, receive, send)

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


def _guarded(routes: ASGIApp, verify: Verify | None, open_paths: tuple[str, ...]) -> ASGIApp:
    if verify is not None:
        from services.shared.auth import AuthMiddleware  # noqa: PLC0415 (who checks no tokens loads no cryptography)

        return AuthMiddleware(routes, verify, open_paths=open_paths)
    if open_paths != (EVERYTHING,):
        raise ValueError(f"no verifier, yet not every path is open: {open_paths}")
    return routes


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


def main(package: str, arguments: list[str] | None = None) -> None:
    """The command line of the service in `package`, such as services.data.

    `serve --host H --port P` runs it until SIGTERM or Ctrl-C; `migrate` brings its database schema up to date (only
    services with a folder `migrations`). Exit code 2 when the environment lacks something.
    """
    name = package.rpartition(".")[2]
    parser = argparse.ArgumentParser(prog=f"python -m {package}")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="answer requests")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, required=True)
    if importlib.util.find_spec(f"{package}.migrations"):
        commands.add_parser("migrate", help="bring the database schema up to date")
    options = parser.parse_args(arguments)
    if options.command == "migrate":
        _migrate(package, name)
    else:
        _serve(package, name, options.host, options.port)


def _serve(package: str, name: str, host: str, port: int) -> None:
    from services.shared.server import serve  # noqa: PLC0415 (a migration needs no web server)

    settings: ServiceSettings = load_or_exit(importlib.import_module(f"{package}.settings").Settings)
    logs.configure(name, settings.log_level)
    application: Application = importlib.import_module(f"{package}.app").create(settings)
    gc.collect()
    gc.freeze()  # what was imported stays; the collector need not look at it again
    serve(application, host, port)


def _migrate(package: str, name: str) -> None:
    from services.shared.migrations import migrate  # noqa: PLC0415 (serving needs no migrations)

    settings = load_or_exit(MigrationSettings)
    logs.configure(name, settings.log_level)
    sys.exit(migrate(package, name, settings))
