"""The connections to one service: kept ones first, and new ones to whichever of its tasks takes them."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections import deque
from urllib.parse import urlsplit

from services.gateway.wire import Connection, Deadlines

KEEP_ALIVE_SECONDS = 60.0
"""Shorter than the services keep a connection (75 s), so that none is used that is just being closed."""
MAX_AGE_SECONDS = 300.0
"""After this a connection is replaced, so that tasks that joined later get their share."""
MAX_IDLE = 256
RESOLVED_SECONDS = 5.0
UNACKNOWLEDGED_MS = 3000
"""How long a peer may leave our bytes unacknowledged: one that vanished without a word is found out by this."""

Address = tuple[socket.AddressFamily, int, tuple[str, int]]


class UnreachableError(Exception):
    """No connection can be made."""


class Pool:
    """Connections to the service at `url`, such as http://data.internal:8002."""

    def __init__(self, url: str, deadlines: Deadlines) -> None:
        parts = urlsplit(url)
        self.host_field = b"host: %b" % parts.netloc.encode("ascii")
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._deadlines = deadlines
        self._idle: deque[Connection] = deque()
        self._addresses: list[Address] = []
        self._resolved_at = float("-inf")
        self.busy = 0

    @property
    def idle(self) -> int:
        """How many connections wait for a request."""
        return len(self._idle)

    def take(self) -> Connection | None:
        """The connection that was used last, if one is still good."""
        now = time.monotonic()
        while self._idle:
            connection = self._idle.pop()
            if connection.open and now - connection.idle_since < KEEP_ALIVE_SECONDS:
                self.busy += 1
                return connection
            connection.close()
        return None

    async def connect(self) -> Connection:
        """A new connection. UnreachableError when none of the service's addresses takes one in time."""
        reasons: list[str] = []
        try:
            async with asyncio.timeout(2 * self._deadlines.connect):
                for address in await self._resolve():
                    try:
                        return await self._connect_to(address)
                    except OSError as error:  # a TimeoutError is one
                        reasons.append(str(error) or "no answer")
        except OSError as error:
            reasons.append(str(error) or "no answer in time")
        self._resolved_at = float("-inf")
        raise UnreachableError("; ".join(reasons) or "its name leads nowhere")

    def give_back(self, connection: Connection) -> None:
        """After an exchange, however it went."""
        self.busy -= 1
        if connection.reusable and connection.rest() < MAX_AGE_SECONDS and len(self._idle) < MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def add(self, connection: Connection) -> None:
        """Keep a connection that nothing has been sent on yet."""
        self.busy -= 1
        connection.rest()
        self._idle.append(connection)

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()

    async def _connect_to(self, address: Address) -> Connection:
        loop = asyncio.get_running_loop()
        family, protocol, target = address
        opened = socket.socket(family, socket.SOCK_STREAM, protocol)
        try:
            opened.setblocking(False)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
            async with asyncio.timeout(self._deadlines.connect):
                await loop.sock_connect(opened, target)
                connection = Connection(loop, self._deadlines.read)
                await loop.create_connection(lambda: connection, sock=opened)
        except BaseException:
            opened.close()
            raise
        self.busy += 1
        return connection

    async def _resolve(self) -> list[Address]:
        loop = asyncio.get_running_loop()
        if loop.time() - self._resolved_at > RESOLVED_SECONDS:
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            self._addresses = [(family, protocol, address[:2]) for family, _, protocol, _, address in found]  # type: ignore[misc]
            self._resolved_at = loop.time()
        random.shuffle(self._addresses)  # a turn for each task of the service
        return list(self._addresses)
