"""Keys over HTTP, against a real server: how many fetches, and what is served meanwhile (J1 to J7)."""

from __future__ import annotations

import pytest

from services.shared.auth import Code, RemoteKeys, TokenError, verifier
from tests.services.shared.auth.corpus.all import CASES
from tests.services.shared.auth.issuer import CLIENT, ISSUER, NOW, token
from tests.services.shared.auth.pool import BROKEN, HARD, SOFT, Pool, tokens, unknown


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
    assert pool.server.fetches == 1 + 1
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
    await pool.server.asked(2)
    await keys.prefetch()
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
    pool.now += HARD - 400
    for _ in range(13):  # until the pauses are long
        pool.now += 30.7
        pool.keys.keep_fresh()
        await pool.settled()
    assert await pool.code(token()) == "taken"
    assert pool.ready()
    await pool.settled()
    pool.now += 1
    assert not pool.ready()
    assert await pool.code(token()) == "keys_unavailable"
    assert pool.keys.age is not None
    assert pool.keys.age >= HARD
    pool.server.status = "200 OK"
    pool.now += 1.2
    assert await pool.code(token()) == "taken"


async def test_the_hard_limit_is_kept_to_the_second(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the next refresh is due only later."""
    monkeypatch.setattr("services.shared.auth.remote.jitter", lambda _, high: high)
    keys = RemoteKeys(pool.server.url, soft_ttl=100, hard_ttl=100, monotonic=lambda: pool.now)
    verify = verifier(keys, ISSUER, CLIENT, clock=lambda: NOW)
    await verify(token())
    pool.server.status = BROKEN
    pool.now += 99
    await verify(token())
    pool.now += 1
    with pytest.raises(TokenError) as refusal:
        await verify(token())
    assert refusal.value.code is Code.KEYS_UNAVAILABLE
    await keys.close()


async def test_the_pauses_are_short_again_after_a_success(pool: Pool) -> None:
    await pool.keys.prefetch()
    for status in (*[BROKEN] * 6, "200 OK", BROKEN):
        pool.server.status = status
        pool.now += 2 * SOFT
        pool.keys.keep_fresh()
        await pool.settled()
    fetches = pool.server.fetches
    pool.now += 0.6
    pool.keys.keep_fresh()
    await pool.settled()
    assert pool.server.fetches == fetches + 1


async def test_failures_back_off_up_to_half_a_minute(pool: Pool) -> None:
    await pool.keys.prefetch()
    pool.server.status = BROKEN
    pool.now += 2 * SOFT
    for _ in range(6000):
        pool.now += 0.1
        pool.keys.keep_fresh()
        await pool.settled()
    assert 20 <= pool.server.fetches - 1 <= 30  # 0.5 + 1 + 2 + 4 + 8 + 16, then each 30 s, in 600 s


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
