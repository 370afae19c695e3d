"""How many requests are let through, what is told about it, and how much memory that takes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from services.gateway.app import create
from services.gateway.limits import Limiter, address_key
from tests.services.gateway.conftest import Platform, settings_for
from tests.support.applications import problem, served
from tests.support.tokens import TokenIssuer


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_as_many_requests_as_the_limit_are_let_through_at_once_and_no_more() -> None:
    limiter = Limiter("user", 10, clock=Clock())
    standings = [limiter.take("ann") for _ in range(12)]
    assert [standing.retry_after > 0 for standing in standings] == [False] * 10 + [True] * 2
    assert [standing.remaining for standing in standings] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]
    assert limiter.refused == 2


def test_requests_are_given_back_evenly() -> None:
    clock = Clock()
    limiter = Limiter("user", 6, clock=clock)
    for _ in range(7):
        last = limiter.take("ann")
    assert last.retry_after == 10
    clock.now += 10
    assert limiter.take("ann").retry_after == 0
    assert limiter.take("ann").retry_after == 10


def test_what_is_refused_does_not_count() -> None:
    clock = Clock()
    limiter = Limiter("user", 6, clock=clock)
    for _ in range(100):
        limiter.take("ann")
    clock.now += 60
    assert [limiter.take("ann").retry_after for _ in range(6)] == [0] * 6


def test_one_key_does_not_use_up_anothers() -> None:
    limiter = Limiter("user", 1, clock=Clock())
    assert [limiter.take(key).retry_after > 0 for key in ("ann", "bob", "ann", "bob")] == [False, False, True, True]


def test_memory_is_bounded_however_many_keys_there_are() -> None:
    limiter = Limiter("address", 100, clock=Clock(), most_keys=1000)
    for number in range(10_000):
        limiter.take(str(number))
        assert limiter.keys <= 1000


def test_a_key_that_goes_on_is_not_forgotten_with_those_that_stopped() -> None:
    clock = Clock()
    limiter = Limiter("user", 6, clock=clock)
    allowed = 0
    for _ in range(600):
        allowed += limiter.take("ann").retry_after == 0
        clock.now += 1
    assert allowed == 6 + 60  # six at once, and one each ten seconds of ten minutes
    assert limiter.keys <= 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("unknown", "unknown", True),
    ],
)
def test_what_counts_as_one_address(one: str, other: str, same: bool) -> None:
    assert (address_key(one) == address_key(other)) is same


@pytest.fixture
def limited(platform: Platform, token_issuer: TokenIssuer) -> Callable[..., object]:
    """A gateway of its own in front of the same services, with the limits given."""

    @asynccontextmanager
    async def gateway(**limits: int) -> AsyncIterator[httpx.AsyncClient]:
        urls = {"identity_url": platform.identity.url, "data_url": platform.data.url}
        application = create(settings_for(token_issuer, **urls, **limits))
        async with served(application) as url, httpx.AsyncClient(base_url=url) as client:
            yield client

    return gateway


@pytest.mark.asyncio(loop_scope="module")
async def test_a_user_is_limited_wherever_they_call_from(
    limited: Callable[..., AsyncIterator[httpx.AsyncClient]], token_issuer: TokenIssuer, platform: Platform
) -> None:
    async with limited(rate_limit_user=2) as client:  # type: ignore[attr-defined]
        ann, bob = token_issuer.headers("ann"), token_issuer.headers("bob")
        calls = [
            await client.get("/api/v1/products", headers={**ann, "x-forwarded-for": f"203.0.113.{number}"})
            for number in range(3)
        ]
        assert [call.status_code for call in calls] == [200, 200, 429]
        problem(calls[2], 429, "too_many_requests")
        assert 1 <= int(calls[2].headers["retry-after"]) <= 30
        assert (await client.get("/api/v1/products", headers=bob)).status_code == 200
    assert len(platform.data.seen) == 3


@pytest.mark.asyncio(loop_scope="module")
async def test_an_address_is_limited_whoever_calls_from_it(
    limited: Callable[..., AsyncIterator[httpx.AsyncClient]], token_issuer: TokenIssuer
) -> None:
    async with limited(rate_limit_address=2) as client:  # type: ignore[attr-defined]
        statuses = [(await client.get("/api/v1/products")).status_code]
        statuses += [
            (await client.get("/api/v1/products", headers=token_issuer.headers(name))).status_code
            for name in ("ann", "bob")
        ]
        assert statuses == [401, 200, 429]
        elsewhere = {**token_issuer.headers("ann"), "x-forwarded-for": "203.0.113.9"}
        assert (await client.get("/api/v1/products", headers=elsewhere)).status_code == 200
        assert 'rate_limited_total{limit="address"} 1.0' in (await client.get("/metrics")).text


@pytest.mark.asyncio(loop_scope="module")
async def test_every_answer_tells_what_is_left(
    limited: Callable[..., AsyncIterator[httpx.AsyncClient]], token_issuer: TokenIssuer
) -> None:
    async with limited(rate_limit_user=5, rate_limit_address=9) as client:  # type: ignore[attr-defined]
        answer = await client.get("/api/v1/products", headers=token_issuer.headers("ann"))
        assert answer.headers["ratelimit-policy"] == '"address";q=9;w=60, "user";q=5;w=60'
        assert answer.headers["ratelimit"] == '"address";r=8;t=7, "user";r=4;t=12'
        assert (await client.get("/api/v1/products")).headers["ratelimit"] == '"address";r=7;t=14'


@pytest.mark.asyncio(loop_scope="module")
async def test_health_checks_are_not_counted(limited: Callable[..., AsyncIterator[httpx.AsyncClient]]) -> None:
    async with limited(rate_limit_address=1) as client:  # type: ignore[attr-defined]
        assert {(await client.get("/health/live")).status_code for _ in range(5)} == {200}
