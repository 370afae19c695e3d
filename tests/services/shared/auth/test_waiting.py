"""Who waits for keys, how long, and by which clock (J19 to J22)."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.shared.auth import Principal, RemoteKeys, TokenError, verifier
from services.shared.auth.metrics import Tally
from tests.services.shared.auth.issuer import (
    CLIENT,
    ISSUER,
    NOW,
    compact,
    key_set,
    token,
)
from tests.services.shared.auth.pool import BROKEN, SOFT, Pool, tokens


async def test_a_waiter_who_leaves_takes_nobody_down(pool: Pool) -> None:
    """J19: the client of the request that started the fetch is gone."""
    pool.server.hold()
    first = asyncio.create_task(pool.verify(token()))
    others = [asyncio.create_task(pool.code(text)) for text in tokens(5)]
    await pool.server.asked(1)
    first.cancel()
    await asyncio.wait({first})
    pool.server.release()
    assert await asyncio.gather(*others) == ["taken"] * 5
    assert first.cancelled()
    assert pool.server.fetches == 1


async def test_a_slow_refresh_holds_no_known_key_up(pool: Pool) -> None:
    """J20, and the eighth drill: the server does not answer at all until these have been."""
    await pool.keys.prefetch()
    await pool.code(token())
    pool.server.hold()
    pool.now += 2 * SOFT
    waiting = asyncio.create_task(pool.code(token({"kid": "unknown"})))
    await pool.server.asked(2)
    assert await pool.code(token(jti="fresh")) == "taken"
    assert await pool.codes(tokens(50)) == {"taken": 50}
    assert not waiting.done()
    pool.server.release()
    assert await waiting == "kid_unknown"


async def test_an_unknown_kid_waits_for_a_slow_server_only_so_long(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.shared.auth.remote.UNKNOWN_KID_WAIT", 0.1)
    await pool.keys.prefetch()
    pool.server.delay = 0.6
    started = time.perf_counter()
    assert await pool.code(token({"kid": "unknown"})) == "kid_unknown"
    assert time.perf_counter() - started < 0.5
    await pool.settled()


async def test_the_wall_clock_rules_expiry_and_the_monotonic_clock_the_keys(pool: Pool) -> None:
    """J21: an hour's step of the wall clock fetches nothing, and expiry follows it at once."""
    wall = float(NOW)
    verify = verifier(pool.keys, ISSUER, CLIENT, clock=lambda: wall)
    text = token()
    await verify(text)
    for step, expected in ((3600, "token_expired"), (-3600, "token_not_yet_valid"), (0, None)):
        wall = NOW + step
        code = None
        try:
            await verify(text)
        except TokenError as error:
            code = error.code.value
        assert code == expected
    assert pool.server.fetches == 1


async def test_closing_stops_the_refresh_in_flight(pool: Pool) -> None:
    pool.server.delay = 5
    waiting = asyncio.create_task(pool.code(token()))
    await asyncio.sleep(0.05)
    flight = pool.keys._flight
    await pool.keys.close()
    assert flight is not None
    assert flight.cancelled()
    assert await waiting == "keys_unavailable"


async def test_each_refresh_puts_off_the_next_one(pool: Pool) -> None:
    """Or every refresh that a token asks for would start a series of its own."""
    await pool.keys.prefetch()
    assert pool.keys._timer is not None
    _, first = pool.keys._timer
    assert await pool.code(token({"kid": "unknown"})) == "kid_unknown"
    assert first.cancelled()
    assert not pool.keys._timer[1].cancelled()


async def test_refreshes_and_age_are_told(pool: Pool) -> None:
    tally = Tally()
    keys = RemoteKeys(pool.server.url, monotonic=lambda: pool.now, tally=tally)
    ages = [keys.age]
    await keys.prefetch()
    pool.now += 7
    assert [*ages, keys.age] == [None, 7]
    pool.server.status = BROKEN
    pool.now += 700
    keys.keep_fresh()
    assert keys._flight is not None
    await asyncio.wait({keys._flight})
    assert tally.key_refreshes == {"ok": 1, "failed": 1}
    await keys.close()


@pytest.fixture
def threaded_key_server() -> Iterator[str]:
    """The URL of a slow key server that belongs to no event loop."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(0.2)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(compact(key_set()))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/jwks.json"
    server.shutdown()
    thread.join()
    server.server_close()


def test_keys_serve_one_event_loop_after_another(threaded_key_server: str) -> None:
    """J22: no task is bound to a loop that is gone."""
    now = 0.0
    keys = RemoteKeys(threaded_key_server, soft_ttl=10, monotonic=lambda: now)
    verify = verifier(keys, ISSUER, CLIENT, clock=lambda: NOW)

    async def refresh_left_behind() -> None:
        keys.keep_fresh()

    for _ in range(3):
        assert asyncio.run(verify(token())).claims["iss"] == ISSUER
        now += 100
        asyncio.run(refresh_left_behind())  # its fetch dies with the loop
        now += 100
    asyncio.run(verify(token()))
    assert keys.ready


def test_keys_serve_two_event_loops_at_once(threaded_key_server: str) -> None:
    """J22, with threads."""
    keys = RemoteKeys(threaded_key_server)
    verify = verifier(keys, ISSUER, CLIENT, clock=lambda: NOW)

    async def many() -> list[Principal]:
        return await asyncio.gather(*(verify(token(jti=str(i))) for i in range(20)))

    started = time.monotonic()
    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(lambda _: asyncio.run(many()), range(8)))
    assert sum(map(len, outcomes)) == 160
    assert time.monotonic() - started < 3, "a loop waited for the fetch of another one, which cannot wake it"
