"""The HTTP server under every service: uvicorn, with each choice named that its defaults leave to chance."""

from __future__ import annotations

import logging
import signal
import time
from types import FrameType

import uvicorn

from services.shared.lifecycle import Application
from services.shared.protocol import GuardedProtocol, Limits, guarded
from services.shared.telemetry import exporter

KEEP_ALIVE_SECONDS = 75
"""Longer than the load balancer's idle timeout of 60 s, or it would send requests into connections just closed."""

DRAIN_QUIET_SECONDS = 0.5
DRAIN_LIMIT_SECONDS = 5.0
FINISH_SECONDS = 20
"""Drain and finish together stay below the 30 s after which ECS kills a task."""

log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Stops in order.

    On SIGTERM readiness fails at once while requests are still taken, until none has come for half a second (at most
    five seconds); then the port closes and requests in flight get up to 20 s to finish. SIGINT closes the port at
    once, a second signal ends everything now. The process exits with 0 after an orderly stop.
    """

    def __init__(self, config: uvicorn.Config, application: Application) -> None:
        super().__init__(config)
        self.application = application
        self._draining_since: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 (uvicorn's signature)
        """Take a signal to stop."""
        if self._draining_since is not None:
            self.force_exit = self.should_exit
            self.should_exit = True
            return
        self.application.drain()
        self._draining_since = time.monotonic()
        self.should_exit = sig == signal.SIGINT

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second."""
        if self._draining_since is not None and not self.should_exit:
            self.should_exit = self._drained(time.monotonic(), self._draining_since)
        return await super().on_tick(counter)

    def _drained(self, now: float, since: float) -> bool:
        context = self.application.context
        quiet_since = max(since, context.last_request)
        quiet = context.in_flight == 0 and now - quiet_since >= DRAIN_QUIET_SECONDS
        return quiet or now - since >= DRAIN_LIMIT_SECONDS


def config(application: Application, host: str, port: int, limits: Limits | None = None) -> uvicorn.Config:
    """The server's settings."""
    return uvicorn.Config(
        application,
        host=host,
        port=port,
        loop="uvloop",
        # On httptools: h11 reads Content-Length + Transfer-Encoding as two requests, which is smuggling.
        http=guarded(limits) if limits else GuardedProtocol,
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # it would let a client on the same host choose its own address
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=FINISH_SECONDS,
    )


def serve(application: Application, host: str, port: int, name: str = "service") -> None:
    """Answer requests until told to stop. `name`: what its spans are filed under, where they are exported."""
    application.context.exporter = exporter(name)
    Server(config(application, host, port), application).run()
    if application.context.exporter is not None:
        application.context.exporter.close()
