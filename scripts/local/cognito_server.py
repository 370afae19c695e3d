"""Runs ministack so that a crash loses no user: it saves at shutdown only, this saves soon after each change.

Run as `python -m scripts.local.cognito_server`; all settings are ministack's own, from the environment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ministack import app as ministack
from ministack.core.persistence import save_state
from ministack.services import cognito

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

SAVE_AFTER_S = 0.1
"""A burst of changes is written once; a kill loses at most this much."""

READS = (b"Describe", b"Get", b"List", b"AdminGet", b"AdminList")


class SavingApp:
    """ministack's application, which writes the user pools to disk after requests that may have changed them."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self._app = app
        self._due: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request (or the lifespan) and note what it may have changed."""
        await self._app(scope, receive, send)
        if scope["type"] == "http" and may_change(scope) and self._due is None:
            self._due = asyncio.get_running_loop().call_later(SAVE_AFTER_S, self._save)

    def _save(self) -> None:
        self._due = None
        save_state("cognito", cognito.get_state())


def may_change(scope: Message) -> bool:
    """Whether a request can change a user pool: any POST but a Cognito call that only reads."""
    operation = dict(scope["headers"]).get(b"x-amz-target", b"").rpartition(b".")[2]
    return scope["method"] == "POST" and not operation.startswith(READS)


if __name__ == "__main__":
    ministack.app = SavingApp(ministack.app)
    ministack.main()
