"""A key server that misbehaves on demand: real HTTP on 127.0.0.1."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.services.shared.auth.issuer import compact, key_set

Respond = Callable[[asyncio.StreamWriter], Awaitable[None]]


class KeyServer:
    """Serves `body` with `status` after `delay` seconds, counting requests; `respond` takes over all of it."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.status = "200 OK"
        self.headers = ""
        self.delay = 0.0
        self.released = asyncio.Event()
        self.released.set()
        self.respond: Respond | None = None
        self.requests: list[bytes] = []
        self.port = 0
        self._answering: set[asyncio.Task[None] | None] = set()

    @property
    def url(self) -> str:
        """Where the keys are."""
        return f"http://127.0.0.1:{self.port}/pool/.well-known/jwks.json"

    @property
    def fetches(self) -> int:
        """How often it has been asked."""
        return len(self.requests)

    def hold(self) -> None:
        """Let requests wait for an answer until `release`."""
        self.released.clear()

    def release(self) -> None:
        """Answer those who wait, each with what was there when it asked."""
        self.released.set()

    async def asked(self, times: int) -> None:
        """Wait until it has been asked so often."""
        for _ in range(1000):
            if self.fetches >= times:
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"asked {self.fetches} times, not {times}")

    def publish(self, *keys: dict[str, Any]) -> None:
        """Serve these keys from now on, soundly."""
        self.status, self.respond, self.delay = "200 OK", None, 0.0
        self.body = compact({"keys": list(keys)})

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        self._answering.add(asyncio.current_task())
        try:
            with contextlib.suppress(ConnectionError):
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                await self._answer(writer)
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {self.status}\r\nContent-Length: {len(self.body)}\r\nConnection: close\r\n"
        answer = f"{head}{self.headers}\r\n".encode() + self.body
        await asyncio.sleep(self.delay)
        await self.released.wait()
        if self.respond is not None:
            await self.respond(writer)
        else:
            writer.write(answer)
        await writer.drain()

    async def stop_answering(self) -> None:
        """End what is still being answered."""
        tasks = {task for task in self._answering if task is not None and not task.done()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(0)


@asynccontextmanager
async def key_server() -> AsyncIterator[KeyServer]:
    """A running server that serves the pool's keys."""
    served = KeyServer(compact(key_set()))
    listener = await asyncio.start_server(served.handle, "127.0.0.1", 0)
    served.port = listener.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        listener.close()
        await served.stop_answering()
