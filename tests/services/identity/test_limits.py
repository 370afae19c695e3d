"""Whoever guesses is slowed down, whoever lives beside them is not."""

from __future__ import annotations

import secrets
import sys
import tracemalloc

import pytest

from services.identity.app import create
from services.identity.attempts import CHALLENGE, CONFIRM, FORGOT, KINDS, RESEND, SIGN_IN, SIGN_UP
from services.identity.limits import MOST_KEYS, Rule, Throttle, address_key
from services.identity.settings import Settings
from tests.services.identity.conftest import BODY, PASSWORD, Visitor, new_email
from tests.support.applications import client_of, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def throttle(burst: int = 3, interval: float = 10.0, longest: float = 60.0, **options: int) -> tuple[Throttle, Clock]:
    clock = Clock()
    return Throttle(Rule(burst=burst, interval=interval, longest=longest), clock=clock, **options), clock


async def test_so_many_at_once_and_one_more_each_interval() -> None:
    limit, clock = throttle()
    assert [limit.take("a") for _ in range(4)] == [0, 0, 0, 10]
    clock.now += 10
    assert [limit.take("a"), limit.take("a") > 0] == [0, True]


async def test_each_try_that_is_too_soon_doubles_the_wait_up_to_a_limit() -> None:
    limit, clock = throttle()
    for _ in range(3):
        limit.take("a")
    waits = []
    for _ in range(6):
        waits.append(limit.take("a"))
        clock.now += waits[-1]
        assert limit.take("a") == 0
    assert waits == [10, 20, 40, 60, 60, 60]


async def test_hammering_while_waiting_changes_nothing() -> None:
    limit, clock = throttle()
    for _ in range(4):
        limit.take("a")
    clock.now += 4
    assert [limit.take("a") for _ in range(50)] == [6] * 50
    clock.now += 6
    assert limit.take("a") == 0


async def test_after_a_quiet_time_all_is_as_it_was() -> None:
    limit, clock = throttle()
    for _ in range(5):
        limit.take("a")
    clock.now += 10 + 3 * 10
    assert [limit.take("a") for _ in range(4)] == [0, 0, 0, 10]


async def test_one_key_never_counts_for_another() -> None:
    limit, _ = throttle()
    for _ in range(9):
        limit.take("a")
    assert limit.take("b") == 0


async def test_who_is_forgiven_begins_anew() -> None:
    limit, _ = throttle()
    for _ in range(9):
        limit.take("a")
    limit.forgive("a")
    limit.forgive("never seen")
    assert limit.take("a") == 0


async def test_a_try_that_is_given_back_does_not_count() -> None:
    limit, _ = throttle()
    for _ in range(50):
        assert limit.take("a") == 0
        limit.give_back("a")
    limit.give_back("never seen")
    assert [limit.take("a") for _ in range(4)] == [0, 0, 0, 10]


async def test_an_outage_counts_against_nobody(script: Visitor, settings: Settings) -> None:
    await script.join()
    away = settings.model_copy(update={"database_port": 9})
    given = {"email": script.email, "password": PASSWORD}
    async with client_of(create(away, pace=0)) as client:
        for _ in range(SIGN_IN.by_account.burst + 5):
            response = await client.post("/api/v1/auth/login", json=given, headers=BODY)
            problem(response, 503, "database_unavailable")


async def test_memory_is_bounded_and_the_longest_silent_is_forgotten() -> None:
    limit, _ = throttle(most_keys=3)
    for key in ("a", "b", "c"):
        limit.take(key)
    for _ in range(9):
        limit.take("a")
    limit.take("d")
    assert len(limit) == 3
    assert limit.take("a") > 0  # heard of since, so "b" had to go


async def test_a_flood_of_keys_takes_no_more_than_a_few_megabytes() -> None:
    limit = Throttle(Rule(burst=3, interval=10))
    tracemalloc.start()
    for _ in range(2 * MOST_KEYS):
        limit.take(secrets.token_hex(16) + "@example.com")
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(limit) == MOST_KEYS
    assert used < 10_000_000, f"{used} bytes on {sys.version}"


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
async def test_a_customer_with_many_addresses_is_one(address: str, key: str) -> None:
    assert address_key(address) == key


async def test_an_account_is_guessed_at_slowly_wherever_one_sits(script: Visitor) -> None:
    await script.join()
    burst = SIGN_IN.by_account.burst
    for number in range(burst):
        answer = await script.post(
            "login", {"email": script.email, "password": "Wrong-horse-7"}, **{"x-forwarded-for": f"203.0.113.{number}"}
        )
        problem(answer, 401, "invalid_credentials")
    response = await script.login("Wrong-horse-7")
    problem(response, 429, "too_many_requests")
    assert 0 < int(response.headers["retry-after"]) <= SIGN_IN.by_account.interval


async def test_an_account_that_does_not_exist_is_limited_just_the_same(script: Visitor) -> None:
    """Else the limit would tell who has an account."""
    answers = [(await script.login()).status_code for _ in range(SIGN_IN.by_account.burst + 1)]
    assert answers == [401] * SIGN_IN.by_account.burst + [429]


async def test_the_right_password_clears_what_was_counted(script: Visitor) -> None:
    await script.join()
    for _ in range(3):
        for _ in range(SIGN_IN.by_account.burst - 1):
            problem(await script.login("Wrong-horse-7"), 401, "invalid_credentials")
        assert (await script.login()).status_code == 200


async def test_one_address_tries_many_accounts_only_so_often(script: Visitor) -> None:
    statuses = []
    for _ in range(SIGN_IN.by_address.burst + 5):
        script.email = new_email()
        statuses.append((await script.login()).status_code)
    assert statuses[0] == 401
    assert statuses[-1] == 429
    elsewhere = await script.post(
        "login", {"email": new_email(), "password": PASSWORD}, **{"x-forwarded-for": "198.51.100.9"}
    )
    problem(elsewhere, 401, "invalid_credentials")


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("signup", SIGN_UP, {"password": PASSWORD, "name": "Ada"}),
        ("resend", RESEND, {}),
        ("forgot", FORGOT, {}),
        ("confirm", CONFIRM, {"code": "000000"}),
    ],
)
async def test_mails_and_codes_of_one_account_are_limited(
    script: Visitor, path: str, kind: object, body: dict[str, str]
) -> None:
    burst = next(known for known in KINDS if known is kind).by_account.burst
    answers = [await script.post(path, {"email": script.email, **body}) for _ in range(burst + 1)]
    assert 429 not in [answer.status_code for answer in answers[:-1]]
    problem(answers[-1], 429, "too_many_requests")
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_a_six_digit_code_cannot_be_tried_out() -> None:
    """At the allowed pace a thousandth of all codes takes longer than a sign-in step or a mailed code lives."""
    for kind, lifetime in ((CHALLENGE, 15 * 60), (CONFIRM, 24 * 3600)):
        rule = kind.by_account
        assert rule.burst + lifetime / rule.interval < 10_000_000 / 1000


async def test_every_kind_counts_addresses_and_accounts() -> None:
    for kind in KINDS:
        assert kind.by_address.burst >= kind.by_account.burst >= 5
        assert kind.by_account.interval >= kind.by_address.interval
