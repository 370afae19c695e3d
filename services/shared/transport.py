"""Connections' transports, which send at the end of a turn of the event loop what was written in it.

A turn answers many requests under load. Sent one by one, each answer would wake its reader on another core, which costs
more than the sending does; sent one after the other, the first one wakes it for all. And what one connection writes in
pieces, as uvicorn does with an answer's head and body, goes out in one system call and one packet.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary


class Outbox:
    """What waits for the end of an event loop's turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._call_soon = loop.call_soon
        self._waiting: list[Together] = []

    def add(self, transport: Together) -> None:
        """Have it send what it holds, once this turn is over."""
        if not self._waiting:
            self._call_soon(self._send)
        self._waiting.append(transport)

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for transport in waiting:
            transport.flush()


_outboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, Outbox] = WeakKeyDictionary()


def outbox(loop: asyncio.AbstractEventLoop) -> Outbox:
    """The loop's one."""
    found = _outboxes.get(loop)
    if found is None:
        found = _outboxes[loop] = Outbox(loop)
    return found


class Together:
    """A transport that holds back what is first written in a turn. What follows it in the same turn goes out with it,
    so that it is known at once whether the peer keeps up."""

    def __init__(self, transport: asyncio.Transport, outbox: Outbox) -> None:
        self._transport, self._outbox = transport, outbox
        self._held = b""
        self.abort = transport.abort
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        if self._held:
            self._transport.writelines((self._held, data))
            self._held = b""
        else:
            self._held = data
            self._outbox.add(self)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Send what is held."""
        if self._held:
            self._transport.write(self._held)
            self._held = b""
