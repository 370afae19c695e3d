"""Health: is the process alive, and has it what it needs? `python -m services.shared.health URL` asks it.

Standard library only: the command line is a container's health check and has to be fast.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Check = Callable[[], Awaitable[None]]
"""Returns when what it looks at works, raises when it does not."""

CHECK_SECONDS = 1.0
LIVE = "/health/live"
READY = ("/health/ready", "/health")

log = logging.getLogger(__name__)


class Health:
    """An ASGI application for the health paths.

    `/health/live` is 200 while the process answers. `/health/ready` and `/health` are 200 when every check passes,
    and 503 when one fails or once the service is shutting down.
    """

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self.checks = dict(checks)
        self.shutting_down = False

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        _receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer with {"status", "checks": {name: "ok" | "failed"}}."""
        status, body = (200, {"status": "alive"}) if scope["path"] == LIVE else await self.ready()
        content = json.dumps(body).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})

    async def ready(self) -> tuple[int, dict[str, object]]:
        """The status code and body of readiness."""
        if self.shutting_down:
            return 503, {"status": "shutting down", "checks": {}}
        passed = await asyncio.gather(*(_passes(name, check) for name, check in self.checks.items()))
        results = {name: "ok" if ok else "failed" for name, ok in zip(self.checks, passed, strict=True)}
        ready = all(passed)
        return (200 if ready else 503), {"status": "ready" if ready else "not ready", "checks": results}


async def _passes(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:  # whatever went wrong, the service is not ready
        log.warning("readiness check failed", extra={"check": name, "reason": f"{type(error).__name__}: {error}"})
        return False
    return True


def main(arguments: list[str]) -> int:
    """0 when the health address answers 200 within three seconds, else 1 with the reason on standard error."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m services.shared.health URL\n")
        return 2
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(arguments[0], timeout=3):
            return 0
    except urllib.error.HTTPError as error:
        reason = f"{error.code} {error.read(500).decode(errors='replace')}"
    except (OSError, ValueError) as error:
        reason = str(error)
    sys.stderr.write(f"{arguments[0]}: {reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
