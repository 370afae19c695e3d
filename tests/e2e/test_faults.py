"""What users notice when services die, or are replaced, while they work.

Figures are printed: `pytest -rP tests/e2e/test_faults.py`. How soon a service is back is up to its start, which takes
0.7 s of processor time: on a machine with little else to do it is back within 3 s.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.faulty import WRITERS, Load, gateway_url, process_of, until
from tests.support.people import PASSWORD, People
from tests.support.platform import Platform, running_platform, state_directory

pytestmark = pytest.mark.drill

RECOVERY = 3.0
"""Seconds from the kill to the first request that is answered as it should; longer where others keep the processors."""
PATHS = {"data": "products", "identity": "users/me"}


@pytest.fixture(scope="module")
def target() -> Iterator[Platform]:
    """A platform of its own: what is done to it would be in the way of other tests."""
    with state_directory() as state_dir, running_platform(state_dir) as up:
        yield up


@pytest.fixture(scope="module")
def token(target: Platform) -> str:
    people = People(target)
    person = people.signed_up()
    answer: str = people.post("/auth/login", {"email": person.email, "password": PASSWORD}).json()["access_token"]
    return answer


@pytest.mark.parametrize("service", ["data", "identity"])
async def test_a_killed_service_costs_only_what_it_was_writing(target: Platform, token: str, service: str) -> None:
    victim = process_of(target, service)
    load = Load(gateway_url(target), token)
    killed = await load.run(victim.kill, victim, PATHS[service])
    recovery = load.recovery(PATHS[service], killed)
    print(f"kill -9 {service}: {load.figures()}, recovered after {recovery:.2f} s")
    assert load.failures("GET") == []
    assert len(load.failures("POST")) <= WRITERS
    assert recovery is not None
    assert recovery < RECOVERY * crowded()
    await hold_products_against(load, target)


@pytest.mark.parametrize("service", ["data", "identity"])
async def test_a_service_that_is_told_to_stop_fails_nobody(target: Platform, token: str, service: str) -> None:
    victim = process_of(target, service)
    load = Load(gateway_url(target), token)
    await load.run(victim.terminate, victim, PATHS[service])
    print(f"SIGTERM to {service}: {load.figures()}")
    assert process_of(target, service).pid != victim.pid
    assert [call for call in load.calls if call.failed] == []


async def test_a_killed_gateway_costs_only_what_it_was_writing(target: Platform, token: str) -> None:
    """Its only task: in AWS the balancer has another one. Here the front door asks again, where that does no harm."""
    victim = process_of(target, "gateway")
    load = Load(f"{target.url}/api/v1/", token)
    killed = await load.run(victim.kill, victim, "products")
    recovery = load.recovery("products", killed)
    print(f"kill -9 gateway, its only task: {load.figures()}, recovered after {recovery:.2f} s")
    assert load.failures("GET") == []
    assert recovery is not None
    assert recovery < RECOVERY * crowded()
    assert {call.status for call in load.calls} <= {200, 201, 502, 503}
    assert all(killed - 1 < call.began < killed + recovery for call in load.calls if call.failed)


async def test_a_killed_frontend_does_not_touch_the_api(target: Platform, token: str) -> None:
    victim = process_of(target, "frontend")
    load = Load(f"{target.url}/api/v1/", token)
    await load.run(victim.kill, victim, "products")
    print(f"kill -9 frontend: {load.figures()}")
    assert [call for call in load.calls if call.failed] == []
    await until(lambda: httpx.get(f"{target.url}/config.json").status_code == 200)


def crowded() -> float:
    """By how much everything takes longer here than on a machine of one's own."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


async def hold_products_against(load: Load, target: Platform) -> None:
    """Every product whose making was answered is there, once, and none is there twice."""
    names: list[str] = []
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {load.token}"}) as client:
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": "100", **({"cursor": cursor} if cursor else {})}
            page = (await client.get(f"{gateway_url(target)}products", params=query)).json()
            names += [item["name"] for item in page["items"]]
            cursor = page["next_cursor"]
    assert len(names) == len(set(names))
    assert load.created <= set(names)
