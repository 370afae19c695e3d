"""The database, or the pool, goes away under load and comes back.

For a second here; `OUTAGE_SECONDS=10 pytest -s tests/services/identity/test_outages.py` for longer, with figures.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from scripts.local import cognito
from scripts.local.postgres import Cluster
from scripts.local.processes import HOST, Command, free_ports, running
from services.identity.app import create
from services.identity.settings import Settings
from tests.services.identity.conftest import BODY, PASSWORD, credentials_for, new_email, settings_for
from tests.support.applications import served
from tests.support.cognito import CognitoServer
from tests.support.migrated import migrated
from tests.support.postgres import FOR_TESTS, Database

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.drill, pytest.mark.timeout(180)]

OUTAGE = float(os.environ.get("OUTAGE_SECONDS", "1"))
RECOVERY = 3.0
"""Seconds after which everything must be as before."""
CALM = 0.5
WORKERS = 1
"""For each kind of request; each pauses a little between two."""


class Part:
    """A process that can be stopped and started again with what it had."""

    def __init__(self, command: Command, log: Path) -> None:
        self._command = command
        self._log = log
        self._process: AbstractContextManager[Any] | None = None

    def start(self) -> None:
        self._process = running(self._command, self._log)
        self._process.__enter__()

    def stop(self) -> None:
        if self._process is not None:
            self._process.__exit__(None, None, None)
        self._process = None


@dataclass
class Site:
    """The service, and the two it cannot do without."""

    url: str
    database: Part
    pool: Part
    server: CognitoServer
    cluster: Database


@dataclass(frozen=True)
class Answer:
    """To one request of the kind, sent at `at` and answered after `took` seconds."""

    kind: str
    at: float
    took: float
    status: int
    code: str
    retry_after: str


@dataclass
class Load:
    """People who sign up, sign in, refresh and look at themselves, without a pause to speak of."""

    site: Site
    email: str
    token: str
    session: str
    answers: list[Answer] = field(default_factory=list)
    signed_up: list[str] = field(default_factory=list)
    over: bool = False

    async def run(self) -> None:
        async with httpx.AsyncClient(base_url=f"{self.site.url}/api/v1", headers=BODY, timeout=30) as client:
            kinds = ("signup", "login", "refresh", "me")
            await asyncio.gather(*(self._work(client, kind) for kind in kinds for _ in range(WORKERS)))

    async def _work(self, client: httpx.AsyncClient, kind: str) -> None:
        while not self.over:
            at = time.monotonic()
            response = await self._request(client, kind)
            took = time.monotonic() - at
            code = response.json().get("code", "") if response.status_code >= 400 else ""
            retry = response.headers.get("retry-after", "")
            self.answers.append(Answer(kind, at, took, response.status_code, code, retry))
            await asyncio.sleep(0.05)

    async def _request(self, client: httpx.AsyncClient, kind: str) -> httpx.Response:
        address = {"x-forwarded-for": ".".join(str(secrets.randbelow(256)) for _ in range(4))}
        if kind == "me":
            return await client.get("/users/me", headers={"authorization": f"Bearer {self.token}"})
        if kind == "refresh":
            return await client.post("/auth/refresh", json={"refresh_token": self.session})
        if kind == "login":
            given = {"email": self.email, "password": PASSWORD}
            return await client.post("/auth/login", json=given, headers=address)
        email = new_email()
        asked = {"email": email, "password": PASSWORD, "name": "Ada"}
        response = await client.post("/auth/signup", json=asked, headers=address)
        if response.status_code == 201:
            self.signed_up.append(email)
        return response


@pytest.fixture(scope="module")
def parts() -> Iterator[tuple[Part, Part, CognitoServer, Database]]:
    with tempfile.TemporaryDirectory(prefix="outages-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        ports = free_ports(2)
        cluster = Cluster.at(folder / "data", password=uuid.uuid4().hex)
        server = cluster.server(ports[0])
        database = Part(cluster.command(server.port, FOR_TESTS), folder / "postgres.log")
        pool = Part(cognito.command(ports[1], folder / "cognito"), folder / "cognito.log")
        database.start()
        pool.start()
        emulator = CognitoServer(f"http://{HOST}:{ports[1]}")
        asyncio.run(server.wait())
        cognito.wait(emulator.url)
        yield database, pool, emulator, Database(server.host, server.port, "postgres", server.user, server.password)
        pool.stop()
        database.stop()


@pytest.fixture(scope="module")
def own_settings(parts: tuple[Part, Part, CognitoServer, Database]) -> Iterator[Settings]:
    _, _, emulator, database = parts
    pool = emulator.create_pool()
    with credentials_for(pool):
        yield settings_for(pool, migrated(database, "services.identity").settings)


@pytest_asyncio.fixture(loop_scope="module")
async def load(parts: tuple[Part, Part, CognitoServer, Database], own_settings: Settings) -> AsyncIterator[Load]:
    database, pool, emulator, cluster = parts
    email = new_email()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(served(create(own_settings, pace=0)))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=f"{url}/api/v1", headers=BODY, timeout=30))
        await client.post("/auth/signup", json={"email": email, "password": PASSWORD, "name": "Ada"})
        await client.post("/auth/confirm", json={"email": email, "code": emulator.sent_codes(email)[-1]})
        body = (await client.post("/auth/login", json={"email": email, "password": PASSWORD})).json()
        yield Load(Site(url, database, pool, emulator, cluster), email, body["access_token"], body["refresh_token"])


async def through_outage(load: Load, part: Part, back: Any) -> tuple[float, float]:
    """Run the load before, during and after an outage of the part; when it ended, and when all was well again."""
    people = asyncio.create_task(load.run())
    await asyncio.sleep(CALM)
    await asyncio.to_thread(part.stop)
    gone = time.monotonic()
    await asyncio.sleep(OUTAGE)
    await asyncio.to_thread(part.start)
    await asyncio.to_thread(back)
    returned = time.monotonic()
    await asyncio.sleep(RECOVERY + CALM)
    load.over = True
    await people
    failed = [answer.at + answer.took for answer in load.answers if answer.status >= 500]
    report(load, gone, returned, max(failed, default=returned))
    return gone, returned


def report(load: Load, gone: float, returned: float, last_failure: float) -> None:
    """Figures for people, shown by `pytest -s`."""
    counts = Counter((answer.kind, answer.status) for answer in load.answers if gone <= answer.at < returned)
    slowest = max(answer.took for answer in load.answers)
    print(f"\n{len(load.answers)} requests; {returned - gone:.1f} s away: {dict(sorted(counts.items()))}")
    print(f"slowest answer {slowest:.2f} s; last failure {max(0.0, last_failure - returned):.2f} s after the return")


def assert_clear(load: Load, gone: float, returned: float, code: str, unharmed: set[str]) -> None:
    """Refusals say what is the matter and when to come back; what does not need the part goes on; all is well soon."""
    for answer in load.answers:
        if answer.status >= 400:
            assert (answer.status, answer.code) == (503, code), answer
            assert int(answer.retry_after) > 0
            assert answer.kind not in unharmed
            assert answer.at < returned + RECOVERY
    while_away = [answer for answer in load.answers if gone <= answer.at < gone + OUTAGE / 2]
    assert {answer.kind for answer in while_away if answer.status == 503} == (
        {"signup", "login", "refresh", "me"} - unharmed
    )
    after = [answer for answer in load.answers if answer.at >= returned + RECOVERY]
    assert {answer.kind for answer in after} == {"signup", "login", "refresh", "me"}


async def test_the_database_goes_away_and_comes_back(load: Load) -> None:
    server = load.site.cluster

    async def answers() -> None:
        while True:
            try:
                await (await asyncpg.connect(server.url)).close()
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.02)
            else:
                return

    gone, returned = await through_outage(load, load.site.database, lambda: asyncio.run(answers()))
    assert_clear(load, gone, returned, "database_unavailable", {"refresh", "signup"})


async def test_the_pool_goes_away_and_comes_back_and_has_lost_nobody(load: Load) -> None:
    server = load.site.server
    gone, returned = await through_outage(load, load.site.pool, lambda: cognito.wait(server.url))
    assert_clear(load, gone, returned, "identity_provider_unavailable", {"me"})
    known = {
        attribute["Value"]
        for page in server.client().get_paginator("list_users").paginate(UserPoolId=load_pool(load))
        for user in page["Users"]
        for attribute in user["Attributes"]
        if attribute["Name"] == "email"
    }
    assert set(load.signed_up) <= known


def load_pool(load: Load) -> str:
    """The pool of the access token's issuer."""
    payload = load.token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=="))["iss"]).rpartition("/")[2]
