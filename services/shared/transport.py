"""Connections' transports, which know when to send what is written on them.

Under load a turn of the event loop answers many requests. Sent one by one, each answer would wake its reader on another
core, which costs more than the sending does; sent at the turn's end, one after the other, the first one wakes it for
all. When there is little to do nothing waits for that.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

BUSY = 6
"""Messages sent in one turn of the event loop, from which on the next turn's wait for its end."""


class Outbox:
    """What waits for the end of an event loop's turn."""

    def __init__(self) -> None:
        self._count = 0
        self._waiting: list[Together] = []
        self.is_busy = False
        """Whether the last turn sent many messages."""

    def count(self, loop: asyncio.AbstractEventLoop) -> None:
        """One more message of this turn."""
        if not self._count:
            loop.call_soon(self._end)
        self._count += 1

    def add(self, transport: Together) -> None:
        """Have it send what it holds, once this turn is over."""
        self._waiting.append(transport)

    def _end(self) -> None:
        self.is_busy = self._count >= BUSY
        self._count = 0
        waiting, self._waiting = self._waiting, []
        for transport in waiting:
            transport.flush()


_outboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, Outbox] = WeakKeyDictionary()
"""Each event loop's one."""


class Together:
    """A transport that sends together what is written in one turn: uvicorn writes an answer's head and its body apart,
    which would be two system calls and two packets."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._outbox = _outboxes.setdefault(loop, Outbox())
        self._held = b""
        self.abort = transport.abort
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        if self._held:
            # At once, so that it is known whether the peer keeps up.
            self._transport.writelines((self._held, data))
            self._held = b""
        else:
            self._held = data
            self._outbox.count(self._loop)
            self._outbox.add(self)

    def send(self, message: bytes) -> None:
        """Write what is whole already, so that only a busy turn holds it back."""
        if self._held or self._outbox.is_busy:
            self.write(message)
        else:
            self._outbox.count(self._loop)
            self._transport.write(message)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Send what is held, unless the connection was lost meanwhile."""
        held, self._held = self._held, b""
        if held and not self.is_closing():
            self._transport.write(held)
