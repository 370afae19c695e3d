"""The database restarts while people write: what was confirmed is there, once, and soon all is well again."""

from __future__ import annotations

import asyncio
import signal
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest

from services.data.app import create
from services.data.settings import Settings
from services.shared.settings import DatabaseSettings
from tests.support.applications import client_of
from tests.support.migrated import migrated
from tests.support.postgres import Database, OwnPostgres, fresh_database
from tests.support.tokens import TokenIssuer

pytestmark = pytest.mark.drill

PATH = "/api/v1/products"
WRITERS = 6
DOWN_SECONDS = 0.3
RECOVERY_SECONDS = 3.0
LIKE_PRODUCTION = {"synchronous_commit": "on", "full_page_writes": "on", "fsync": "off", "autovacuum": "off"}
"""A crash of the server alone loses no page that the operating system has: only a crash of both would need fsync."""


@dataclass
class Writer:
    """Somebody who makes products one by one and sends each request until it is confirmed."""

    client: httpx.AsyncClient
    confirmed: dict[str, str] = field(default_factory=dict)
    moments: list[float] = field(default_factory=list)
    refusals: set[int] = field(default_factory=set)

    async def write(self, until: asyncio.Event) -> None:
        """Go on until told to stop."""
        while not until.is_set():
            key = uuid.uuid4().hex
            self.confirmed[key] = await self._make(key)
            self.moments.append(time.monotonic())

    async def _make(self, key: str) -> str:
        body = {"name": key, "price_minor": 1, "currency": "EUR"}
        while True:
            response = await self.client.post(PATH, json=body, headers={"idempotency-key": key})
            if response.status_code == 201:
                return str(response.json()["id"])
            self.refusals.add(response.status_code)
            await asyncio.sleep(0.05)


async def served_since(moment: float, writers: list[Writer]) -> None:
    """Return when all writers have been served since then, or after ten seconds."""
    for _ in range(500):
        await asyncio.sleep(0.02)
        if all(writer.moments and writer.moments[-1] > moment for writer in writers):
            return


async def restart_under_load(
    client: httpx.AsyncClient, postgres: OwnPostgres, first_run: ExitStack, second_run: ExitStack
) -> tuple[list[Writer], float]:
    """(the writers, when the restarted database answered)."""
    stop = asyncio.Event()
    writers = [Writer(client) for _ in range(WRITERS)]
    tasks = [asyncio.ensure_future(writer.write(stop)) for writer in writers]
    await served_since(0, writers)
    await asyncio.to_thread(first_run.close)
    await asyncio.sleep(DOWN_SECONDS)
    await asyncio.to_thread(second_run.enter_context, postgres.running())
    back = time.monotonic()
    await served_since(back, writers)
    stop.set()
    async with asyncio.timeout(10):
        await asyncio.gather(*tasks)
    return writers, back


@pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGQUIT], ids=["restart", "crash"])
def test_a_restart_of_the_database_loses_and_doubles_nothing(
    stop_signal: signal.Signals, token_issuer: TokenIssuer, settings: Settings
) -> None:
    with OwnPostgres.made(LIKE_PRODUCTION) as postgres, ExitStack() as first_run, ExitStack() as second_run:
        server = first_run.enter_context(postgres.running(stop_signal))
        with ExitStack() as dropped_with_the_cluster:
            database = dropped_with_the_cluster.enter_context(fresh_database(server))
            own = settings.model_copy(update=secret_settings(database))
            writers, back = asyncio.run(drill(own, token_issuer, postgres, first_run, second_run))
            rows = asyncio.run(names_in(database))
    confirmed = {key: product_id for writer in writers for key, product_id in writer.confirmed.items()}
    assert len(confirmed) >= WRITERS * 2
    assert rows == sorted((key, product_id) for key, product_id in confirmed.items())
    assert set().union(*(writer.refusals for writer in writers)) <= {503, 409}
    recovery = max(min(moment for moment in writer.moments if moment > back) for writer in writers) - back
    print(f"{len(confirmed)} confirmed writes; all writers served again {recovery:.2f} s after the database was")
    assert recovery < RECOVERY_SECONDS


def secret_settings(database: Database) -> dict[str, Any]:
    """The settings of a service on the database, migrated."""
    result = migrated(database, "services.data")
    given = DatabaseSettings.model_validate(result.settings)
    return {name: getattr(given, name) for name in result.settings}


async def drill(
    settings: Settings, issuer: TokenIssuer, postgres: OwnPostgres, first_run: ExitStack, second_run: ExitStack
) -> tuple[list[Writer], float]:
    async with client_of(create(settings), headers=issuer.headers("ann")) as client:
        return await restart_under_load(client, postgres, first_run, second_run)


async def names_in(database: Database) -> list[tuple[str, str]]:
    connection = await asyncpg.connect(database.url)
    rows = await connection.fetch("SELECT name, id::text FROM data.products ORDER BY name")
    await connection.close()
    return [(row["name"], row["id"]) for row in rows]
