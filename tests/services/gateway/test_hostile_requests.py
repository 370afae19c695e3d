"""Malformed, smuggled, oversized and slow requests: each is refused or harmless, and nothing slips in behind it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import httpx
import psutil
import pytest
import pytest_asyncio

from services.gateway.app import create
from services.shared.lifecycle import Application
from services.shared.protocol import Limits
from tests.services.gateway.conftest import Upstream, settings_for
from tests.services.gateway.hostile.all import CASES
from tests.services.gateway.hostile.case import Case, Expected
from tests.support.applications import served
from tests.support.tokens import TokenIssuer

pytestmark = pytest.mark.asyncio(loop_scope="module")

IMPATIENT = Limits(head=1.0, request=1.5)
PATIENCE = 3.0
"""Seconds that a connection may stay open after the last byte: more than any limit."""
NAMES = [case.name for case in CASES]


@dataclass
class Outcome:
    """What came of a case: the statuses answered, whether the gateway closed, and the paths that arrived behind it."""

    statuses: list[int] = field(default_factory=list)
    closed: bool = False
    arrived: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Everything:
    """The outcomes by the cases' names, paths that arrived and belong to no case, and memory that stayed taken."""

    outcomes: dict[str, Outcome]
    strays: list[str]
    grown_mb: float


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everything(token_issuer: TokenIssuer) -> AsyncIterator[Everything]:
    """All cases at once, by their names: together they take as long as the slowest."""
    identity, data = Upstream("identity"), Upstream("data")
    token = token_issuer.headers("ann")["authorization"].encode()
    async with AsyncExitStack() as stack:
        for upstream in (identity, data):
            application = Application(upstream, verify=None, open_paths=("/*",))
            upstream.url = await stack.enter_async_context(served(application))
        gateway = create(settings_for(token_issuer, identity_url=identity.url, data_url=data.url))
        url = httpx.URL(await stack.enter_async_context(served(gateway, IMPATIENT)))
        before = psutil.Process().memory_info().rss
        running = [outcome_of(number, case, token, url) for number, case in enumerate(CASES)]
        found = dict(zip(NAMES, await asyncio.gather(*running), strict=True))
    strays = []
    for seen in data.seen + identity.seen:
        path = seen.path.decode("latin-1")
        number = re.fullmatch(r"/api/v1/(?:products/|users/smuggled-by-)(\d+)(?:\D.*)?", path)
        if number:
            found[NAMES[int(number[1])]].arrived.append(path)
        else:
            strays.append(path)
    yield Everything(found, strays, (psutil.Process().memory_info().rss - before) / 2**20)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outcomes(everything: Everything) -> dict[str, Outcome]:
    return everything.outcomes


async def outcome_of(number: int, case: Case, token: bytes, url: httpx.URL) -> Outcome:
    outcome = Outcome()
    reader, writer = await asyncio.open_connection(url.host, url.port)
    received = asyncio.ensure_future(reader.read(-1))
    with suppress(ConnectionError):
        for part in case.script:
            if received.done():
                break
            if isinstance(part, bytes):
                filled = part.replace(b"{case}", str(number).encode()).replace(
                    b"{token}", b"authorization: " + token + b"\r\n"
                )
                writer.write(filled)
                await writer.drain()
            else:
                await asyncio.wait({received}, timeout=part)
    await asyncio.wait({received}, timeout=PATIENCE)
    outcome.closed = received.done()
    writer.close()
    with suppress(ConnectionError):
        answer = await received
        outcome.statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer) if status != b"100"]
    return outcome


async def test_there_are_at_least_150_cases_of_different_names() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 150


@pytest.mark.parametrize("case", CASES, ids=NAMES)
async def test_a_hostile_request_does_no_harm(case: Case, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[case.name]
    assert not [path for path in outcome.arrived if "smuggled" in path]
    assert not [status for status in outcome.statuses if status >= 500 and status not in (501, 505)]
    refused = outcome.closed and not outcome.arrived and all(status >= 400 for status in outcome.statuses)
    is_served = len(outcome.arrived) == 1 and outcome.statuses == [200]
    match case.expected:
        case Expected.REFUSED:
            assert refused, outcome
        case Expected.SERVED:
            assert is_served, outcome
        case Expected.HARMLESS:
            several = "without waiting" in case.name and set(outcome.statuses) <= {200}
            assert refused or is_served or several, outcome


async def test_nothing_arrives_that_no_case_is_known_by(everything: Everything) -> None:
    assert everything.strays == []


async def test_all_of_them_together_leave_little_behind(everything: Everything) -> None:
    """They send some 10 MB, all at once; what remains is what allocators keep, here of both ends."""
    assert everything.grown_mb < 64
