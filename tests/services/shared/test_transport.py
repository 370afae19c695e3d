"""What connections write in one turn of the event loop, and when it goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from services.shared.transport import BUSY, Together


class Recorder(asyncio.Transport):
    """A transport that notes what is sent on it."""

    def __init__(self, sent: list[tuple[str, bytes]], name: str) -> None:
        super().__init__()
        self._sent, self._name = sent, name
        self._is_lost = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._is_lost:
            raise RuntimeError("the transport is closed")  # as uvloop's does
        self._sent.append((self._name, bytes(data)))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return self._is_lost

    def abort(self) -> None:
        self._is_lost = True

    def close(self) -> None:
        self._sent.append((self._name, b"closed"))


def connections(*names: str) -> tuple[list[tuple[str, bytes]], list[Together]]:
    """Connections by their names, and what is sent on them."""
    sent: list[tuple[str, bytes]] = []
    return sent, [Together(Recorder(sent, name), asyncio.get_running_loop()) for name in names]


async def test_what_connections_write_in_a_turn_goes_out_at_its_end_one_after_the_other() -> None:
    sent, (one, two) = connections("one", "two")
    two.write(b"2")
    one.write(b"1")
    assert sent == []
    await asyncio.sleep(0)
    assert sent == [("two", b"2"), ("one", b"1")]
    one.write(b"again")
    await asyncio.sleep(0)
    assert sent[2:] == [("one", b"again")]


async def test_a_second_piece_in_a_turn_goes_out_at_once_together_with_the_first() -> None:
    sent, (transport,) = connections("one")
    transport.write(b"head, ")
    transport.write(b"body")
    assert sent == [("one", b"head, body")]
    transport.write(b"more")
    await asyncio.sleep(0)
    assert sent[1:] == [("one", b"more")]


async def test_a_whole_message_goes_out_at_once_while_there_is_little_to_do() -> None:
    sent, (transport,) = connections("one")
    for number in range(2):
        transport.send(b"%d" % number)
        assert len(sent) == number + 1
        await asyncio.sleep(0)


async def test_whole_messages_wait_for_the_end_of_a_turn_after_a_busy_one() -> None:
    sent, transports = connections(*map(str, range(BUSY)))
    for transport in transports:
        transport.send(b"busy")
    await asyncio.sleep(0)
    assert len(sent) == BUSY
    transports[0].send(b"later")
    assert len(sent) == BUSY
    await asyncio.sleep(0)
    assert sent[BUSY:] == [("0", b"later")]
    transports[0].send(b"quiet again")
    assert sent[BUSY + 1 :] == [("0", b"quiet again")]


async def test_a_connection_that_is_lost_keeps_no_other_from_sending() -> None:
    sent, (lost, other) = connections("lost", "other")
    lost.write(b"too late")
    other.write(b"in time")
    lost.abort()
    await asyncio.sleep(0)
    assert sent == [("other", b"in time")]


async def test_a_connection_that_is_closed_sends_first_what_it_holds() -> None:
    sent, (transport,) = connections("one")
    transport.write(b"last words")
    transport.close()
    assert sent == [("one", b"last words"), ("one", b"closed")]
    await asyncio.sleep(0)
    assert len(sent) == 2
