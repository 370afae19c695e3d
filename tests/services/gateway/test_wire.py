"""One connection to a service that answers more than its client takes at once: when its silence is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.gateway.wire import HIGH_WATER, Connection

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
READ_SECONDS = 0.1
TOTAL_SECONDS = 30.0
IN_TIME = TOTAL_SECONDS / 3
SIZE = 4 * HIGH_WATER


@asynccontextmanager
async def held_back(sent: int) -> AsyncIterator[Connection]:
    """A connection on which a service has sent so much of an answer, then nothing, for a client that is slow."""
    gone = asyncio.Event()

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (SIZE, b"x" * sent))
        await reader.read()
        writer.close()
        gone.set()

    loop = asyncio.get_running_loop()
    async with await asyncio.start_server(answer_once, "127.0.0.1", 0) as server:
        connection = Connection(loop, READ_SECONDS)
        await loop.create_connection(lambda: connection, *server.sockets[0].getsockname())
        connection.start(REQUEST, is_head=False, until=loop.time() + TOTAL_SECONDS)
        await connection.answered()
        await asyncio.sleep(3 * READ_SECONDS)  # while it is held back, the service's silence is ours
        assert connection.failure is None
        yield connection
        connection.close()
        await gone.wait()


async def received(connection: Connection) -> int:
    """What comes until the end."""
    count = 0
    while piece := await connection.more():
        count += len(piece)
    return count


async def test_silence_is_noticed_in_time_in_the_rest_of_an_answer_that_was_held_back() -> None:
    async with held_back(SIZE - 1) as connection, asyncio.timeout(IN_TIME):
        with pytest.raises(TimeoutError, match="the service is silent"):
            await received(connection)


async def test_silence_is_noticed_in_time_after_an_answer_that_was_held_back() -> None:
    async with held_back(SIZE) as connection:
        assert await received(connection) == SIZE
        assert connection.reusable
        connection.rest()
        connection.start(REQUEST, is_head=False, until=asyncio.get_running_loop().time() + TOTAL_SECONDS)
        async with asyncio.timeout(IN_TIME):
            with pytest.raises(TimeoutError, match="the service is silent"):
                await connection.answered()
