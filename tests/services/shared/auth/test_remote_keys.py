"""Keys over HTTP, against a real server: how many fetches, who waits, what is served (J1 to J7, J17 to J22)."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from services.shared.auth import Code, Principal, RemoteKeys, TokenError, verifier
from services.shared.auth.metrics import Tally
from tests.services.shared.auth.corpus.all import CASES
from tests.services.shared.auth.issuer import (
    CLIENT,
    ISSUER,
    KID,
    NOW,
    OTHER_KID,
    compact,
    jwk_of,
    key_set,
    rsa_key,
    token,
)
from tests.services.shared.auth.jwks_server import KeyServer, key_server

SOFT, HARD = 600.0, 86_400.0
BROKEN = "500 Internal Server Error"


@dataclass
class Pool:
    """A key server, the keys read from it, a verifier over them, and the clock of it all."""

    server: KeyServer
    now: float = 1000.0
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.keys = RemoteKeys(self.server.url, soft_ttl=SOFT, hard_ttl=HARD, monotonic=lambda: self.now)
        self.verify = verifier(self.keys, ISSUER, CLIENT, clock=lambda: NOW, tally=self.tally)

    async def code(self, text: str) -> str:
        """`taken`, or the code of the refusal."""
        try:
            await self.verify(text)
        except TokenError as error:
            return error.code.value
        return "taken"

    async def codes(self, texts: list[str]) -> Counter[str]:
        """The outcomes of tokens that come all at once."""
        return Counter(await asyncio.gather(*map(self.code, texts)))

    def ready(self) -> bool:
        """Whether the keys say that they are ready."""
        return self.keys.ready

    async def settled(self) -> None:
        """Wait for a refresh in the background to end."""
        flight = self.keys._flight
        if flight is not None:
            await asyncio.wait({flight})


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    async with key_server() as server:
        running = Pool(server)
        yield running
        await running.keys.close()


def tokens(count: int, **header: Any) -> list[str]:
    return [token(header, jti=f"jti-{i}") for i in range(count)]


def unknown(count: int) -> list[str]:
    text = token({"kid": "KID"})
    return [text.replace(text.split(".")[0], token({"kid": f"unknown-{i}"}).split(".")[0]) for i in range(count)]


async def test_fifty_cold_requests_at_once_cost_one_fetch(pool: Pool) -> None:
    """J1."""
    assert await pool.codes(tokens(50)) == {"taken": 50}
    assert pool.server.fetches == 1


async def test_prefetched_keys_are_ready_before_the_first_token(pool: Pool) -> None:
    assert not pool.ready()
    await pool.keys.prefetch()
    assert pool.ready()
    assert pool.server.fetches == 1
    assert await pool.code(token()) == "taken"
    assert pool.server.fetches == 1


async def test_a_refused_token_fetches_nothing_unless_its_kid_is_unknown(pool: Pool) -> None:
    for case in CASES:
        if case.code is not Code.KID_UNKNOWN:
            assert await pool.code(case.make()) != "taken"
    assert pool.server.fetches == 1, "the first one that names a key has to look whether there is one"


async def test_the_catalogue_is_refused_with_the_same_codes_over_remote_keys(pool: Pool) -> None:
    await pool.keys.prefetch()
    outcomes = {case.id: await pool.code(case.make()) for case in CASES}
    assert outcomes == {case.id: case.code.value for case in CASES}


async def test_two_hundred_unknown_kids_cost_at_most_two_fetches(pool: Pool) -> None:
    """J2, all at once."""
    await pool.keys.prefetch()
    assert await pool.codes(unknown(200)) == {"kid_unknown": 200}
    assert pool.server.fetches <= 1 + 2


async def test_a_flood_of_unknown_kids_costs_a_burst_of_two_and_then_one_fetch_in_ten_seconds(pool: Pool) -> None:
    """J2, over a minute, with known keys unhindered."""
    await pool.keys.prefetch()
    good = token()
    for index, text in enumerate(unknown(600)):
        pool.now += 0.1
        assert await pool.code(text) == "kid_unknown"
        if index % 100 == 0:
            assert await pool.code(good) == "taken"
    assert pool.server.fetches == 1 + 2 + 6 - 1


async def test_the_same_unknown_kid_again_and_again_costs_no_more(pool: Pool) -> None:
    """J3."""
    await pool.keys.prefetch()
    text = token({"kid": "gone"})
    for _ in range(50):
        assert await pool.code(text) == "kid_unknown"
    assert pool.server.fetches == 1 + 2


async def test_unknown_kids_while_the_server_fails_are_backed_off(pool: Pool) -> None:
    """J4: failures count too."""
    await pool.keys.prefetch()
    pool.server.status = BROKEN
    assert await pool.codes(unknown(200)) == {"kid_unknown": 200}
    assert pool.server.fetches <= 1 + 3
    pool.now += 0.6
    assert await pool.code(token()) == "taken"


async def test_a_failed_refresh_leaves_the_keys_alone(pool: Pool) -> None:
    """J5 (CVE-2026-48524)."""
    await pool.keys.prefetch()
    pool.server.status = BROKEN
    assert await pool.code(token({"kid": "unknown"})) == "kid_unknown"
    assert await pool.code(token()) == "taken"
    assert pool.ready()


async def test_cold_and_without_keys_the_answer_is_503_and_not_401(pool: Pool) -> None:
    """J6, and the fourth drill: at most five fetches, and back within 1.5 s."""
    pool.server.status = BROKEN
    assert await pool.codes(tokens(100)) == {"keys_unavailable": 100}
    assert pool.server.fetches <= 5
    with pytest.raises(TokenError) as refusal:
        await pool.keys.prefetch()
    assert refusal.value.status_code == 503
    assert refusal.value.headers == {"retry-after": "1"}
    assert not pool.ready()


async def test_back_within_a_second_and_a_half_after_a_cold_outage_of_any_length(pool: Pool) -> None:
    pool.server.status = BROKEN
    for _ in range(600):
        pool.now += 0.25
        await pool.code(token())
    pool.server.status = "200 OK"
    pool.now += 1.2
    assert await pool.code(token()) == "taken"


async def test_a_cold_service_recovers_without_a_request(pool: Pool) -> None:
    pool.server.status = BROKEN
    keys = RemoteKeys(pool.server.url)
    with pytest.raises(TokenError):
        await keys.prefetch()
    pool.server.status = "200 OK"
    await asyncio.sleep(0.8)
    assert keys.ready
    await keys.close()


async def test_stale_keys_serve_through_an_outage_and_are_asked_for_rarely(pool: Pool) -> None:
    """J7, and the fifth drill."""
    await pool.keys.prefetch()
    pool.server.status = BROKEN
    pool.now += 2 * SOFT
    assert await pool.codes(tokens(50)) == {"taken": 50}
    await pool.settled()
    assert pool.server.fetches <= 1 + 3


async def test_at_the_hard_limit_stale_keys_are_no_longer_used(pool: Pool) -> None:
    """J7: 503, for cached tokens too."""
    await pool.keys.prefetch()
    assert await pool.code(token()) == "taken"
    pool.server.status = BROKEN
    pool.now += HARD - 1
    assert await pool.code(token()) == "taken"
    assert pool.ready()
    await pool.settled()
    pool.now += 1
    assert not pool.ready()
    assert await pool.code(token()) == "keys_unavailable"
    pool.server.status = "200 OK"
    pool.now += 31
    assert await pool.code(token()) == "taken"


async def test_failures_back_off_up_to_half_a_minute(pool: Pool) -> None:
    await pool.keys.prefetch()
    pool.server.status = BROKEN
    pool.now += 2 * SOFT
    for _ in range(6000):
        pool.now += 0.1
        pool.keys.keep_fresh()
        await pool.settled()
    assert 20 <= pool.server.fetches - 1 <= 30  # 0.5 + 1 + 2 + 4 + 8 + 16, then each 30 s, in 600 s


async def test_the_first_token_of_a_new_key_is_taken_at_once(pool: Pool) -> None:
    """J17, and the sixth drill."""
    await pool.keys.prefetch()
    new = rsa_key("new")
    pool.server.publish(jwk_of(rsa_key("pool"), KID), jwk_of(new, "new"))
    assert await pool.code(token({"kid": "new"}, key=new)) == "taken"
    assert await pool.code(token()) == "taken"
    assert pool.server.fetches == 2


async def test_a_key_published_while_a_fetch_is_under_way_is_found_too(pool: Pool) -> None:
    await pool.keys.prefetch()
    new = rsa_key("new")
    pool.server.delay = 0.1
    first = asyncio.create_task(pool.code(token({"kid": "unknown"})))
    await asyncio.sleep(0.05)  # the old set is being served
    second = asyncio.create_task(pool.code(token({"kid": "new"}, key=new)))
    await asyncio.sleep(0)
    stale = pool.server.body
    asyncio.get_running_loop().call_later(0.08, pool.server.publish, jwk_of(rsa_key("pool"), KID), jwk_of(new, "new"))
    assert await first == "kid_unknown"
    assert await second == "taken"
    assert pool.server.body != stale


async def test_a_withdrawn_key_is_refused_after_the_refresh_and_so_are_its_cached_tokens(pool: Pool) -> None:
    """J18 and C8."""
    await pool.keys.prefetch()
    text = token()
    other = token({"kid": OTHER_KID}, key=rsa_key("pool's other"))
    assert [await pool.code(text), await pool.code(text), await pool.code(other)] == ["taken"] * 3
    assert pool.tally.cache_hits == 1
    pool.server.publish(jwk_of(rsa_key("pool's other"), OTHER_KID))
    pool.now += 2 * SOFT
    assert await pool.code(text) == "taken", "the refresh holds nobody up"
    await pool.settled()
    assert await pool.code(text) == "kid_unknown"
    assert await pool.code(other) == "taken"
    assert pool.tally.cache_hits == 3, "the tokens of a key that stayed are still remembered"


async def test_a_kid_that_changes_its_key_takes_the_old_keys_tokens_with_it(pool: Pool) -> None:
    await pool.keys.prefetch()
    assert await pool.code(token()) == "taken"
    pool.server.publish(jwk_of(rsa_key("new"), KID))
    pool.now += 2 * SOFT
    pool.keys.keep_fresh()
    await pool.settled()
    assert await pool.code(token()) == "signature_invalid"
    assert await pool.code(token(key=rsa_key("new"))) == "taken"


async def test_a_key_withdrawn_while_nobody_asks_is_refused_when_somebody_does(pool: Pool) -> None:
    """The seventh drill: no request triggers the refresh."""
    keys = RemoteKeys(pool.server.url, soft_ttl=0.2)
    verify = verifier(keys, ISSUER, CLIENT, clock=lambda: NOW)
    await verify(token())
    pool.server.publish(jwk_of(rsa_key("pool's other"), OTHER_KID))
    await asyncio.sleep(0.4)
    with pytest.raises(TokenError) as refusal:
        await verify(token())
    assert refusal.value.code is Code.KID_UNKNOWN
    await keys.close()


async def test_a_waiter_who_leaves_takes_nobody_down(pool: Pool) -> None:
    """J19: the client of the request that started the fetch is gone."""
    pool.server.delay = 0.1
    first = asyncio.create_task(pool.verify(token()))
    others = [asyncio.create_task(pool.code(text)) for text in tokens(5)]
    await asyncio.sleep(0.05)
    first.cancel()
    assert await asyncio.gather(*others) == ["taken"] * 5
    assert first.cancelled()
    assert pool.server.fetches == 1


async def test_a_slow_refresh_holds_no_known_key_up(pool: Pool) -> None:
    """J20, and the eighth drill."""
    await pool.keys.prefetch()
    await pool.code(token())
    pool.server.delay = 0.5
    pool.now += 2 * SOFT
    waiting = asyncio.create_task(pool.code(token({"kid": "unknown"})))
    await asyncio.sleep(0.05)
    started = time.perf_counter()
    assert await pool.code(token(jti="fresh")) == "taken"
    assert time.perf_counter() - started < 0.1  # 2 ms is the aim; the other half is waiting for the server
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
    await pool.keys.close()
    assert await waiting == "keys_unavailable"


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
    """The URL of a key server that belongs to no event loop."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
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

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(lambda _: asyncio.run(many()), range(8)))
    assert sum(map(len, outcomes)) == 160


@pytest.mark.parametrize(
    "url",
    [
        "http://keys.example/jwks.json",
        "http://10.0.0.1/jwks.json",
        "ftp://127.0.0.1/",
        "127.0.0.1/jwks.json",
        "https://",
    ],
)
def test_keys_are_not_taken_from_where_anyone_could_change_them(url: str) -> None:
    with pytest.raises(ValueError, match=r"must be https|no http\(s\) address"):
        RemoteKeys(url)


@pytest.mark.parametrize(("soft", "hard"), [(0, 10), (-1, 10), (11, 10)])
def test_limits_in_no_order_are_refused(soft: float, hard: float) -> None:
    with pytest.raises(ValueError, match="soft_ttl"):
        RemoteKeys("https://keys.example/jwks.json", soft_ttl=soft, hard_ttl=hard)
