"""What the products service costs at a million rows, beside its peers, in one run.

    python -m benchmarks.data                  tables, plans and bars, about four minutes
    python -m benchmarks.data --json           the same as JSON
    python -m benchmarks.data --rows 20000     a quick look

A database of its own; the service as it is deployed (tokens checked, ids, logs and metrics on), a bare asyncpg handler
and FastAPI + SQLAlchemy's ORM, each a process, interleaved, medians over the rounds. What counts is the server's own
CPU a request: two cores have to bear load, server and database together, so throughput says less.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from benchmarks.data_http import Client, Load, Served, free_port, measured, serving
from benchmarks.data_tables import Bar, Report
from services.catalog import Need, by_name, called_by
from services.data import queries
from services.data.cursors import Position, to_cursor
from tests.support.migrated import MigratedDatabase, migrated
from tests.support.postgres import fresh_database, own_server
from tests.support.products import (
    FREQUENT_WORD,
    SCARCE_CURRENCY,
    SCARCE_WORD,
    SMALL_OWNER,
    fill_with_keys,
    fill_with_products,
)
from tests.support.statements import OTHERS, PAGES, indexes_in, plan_of
from tests.support.tokens import CLIENT_ID, ISSUER, TokenIssuer, key_server

PATH = "/api/v1/products"
PAGE = 20
ROUNDS, SECONDS = 5, 3
FEW = 1000
"""Products that are asked for one by one."""
LATENCY_ROUNDS = 300
SETTINGS = {"shared_buffers": "256MB", "maintenance_work_mem": "256MB", "fsync": "off", "autovacuum": "off"}
SERVERS = ("ours", "bare asyncpg", "FastAPI + ORM")


@dataclass(frozen=True)
class Stage:
    """The database, filled; a token; and a folder for what servers write."""

    schema: MigratedDatabase
    rows: int
    issuer: TokenIssuer
    authorization: str
    folder: Path

    @property
    def url(self) -> str:
        """The database, as the service's own role."""
        return self.schema.database.url.replace(
            f"{self.schema.database.user}:{self.schema.database.password}@",
            f"{self.schema.user}:{self.schema.password}@",
        )


@contextmanager
def prepared(rows: int) -> Iterator[Stage]:
    """The stage with this many products."""
    with ExitStack() as stack:
        issuer = stack.enter_context(key_server())
        database = stack.enter_context(fresh_database(stack.enter_context(own_server(SETTINGS))))
        schema = migrated(database, "services.data")
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        asyncio.run(_fill(schema, rows))
        token = issuer.token("owner-1", exp=int(time.time()) + 3600)
        yield Stage(schema, rows, issuer, f"Bearer {token}", folder)


async def _fill(schema: MigratedDatabase, rows: int) -> None:
    connection = await asyncpg.connect(schema.database.url)
    await fill_with_products(connection, rows)
    await fill_with_keys(connection, rows // 10)
    await connection.close()


@contextmanager
def server(stage: Stage, name: str) -> Iterator[tuple[int, psutil.Process]]:
    """(port, process) of one of SERVERS."""
    port = free_port()
    if name == "ours":
        command = ["services.data", "serve", "--port", str(port)]
        environment = {key.upper(): str(value) for key, value in stage.schema.settings.items()}
        environment |= {
            "ENVIRONMENT": "prod",
            "LOG_LEVEL": "info",
            "AWS_REGION": "eu-central-1",
            "COGNITO_USER_POOL_ID": "eu-central-1_Test",
            "COGNITO_CLIENT_ID": CLIENT_ID,
            "COGNITO_ISSUER": ISSUER,
            "COGNITO_JWKS_URL": stage.issuer.jwks_url,
        }
        environment |= {callee.url_variable: "http://127.0.0.1:9" for callee in called_by(by_name("data"))}
        assert by_name("data").needs == {Need.DATABASE}
    else:
        command = ["benchmarks.data_apps", "bare" if name.startswith("bare") else "orm", str(port), stage.url]
        environment = {}
    with serving(command, port, environment, stage.folder / f"{name}.log") as process:
        yield port, process


def compared(stage: Stage, ids: list[str]) -> dict[str, dict[str, Served]]:
    """What is asked -> server -> its medians."""
    loads = {
        "list": Load([PATH], stage.authorization),
        "get": Load([f"{PATH}/{product_id}" for product_id in ids], stage.authorization),
    }
    results: dict[str, dict[str, list[Served]]] = {what: {name: [] for name in SERVERS} for what in loads}
    with ExitStack() as stack:
        running = {name: stack.enter_context(server(stage, name)) for name in SERVERS}
        for port, process in running.values():
            for load in loads.values():
                measured(process, port, load, 1, stage.folder)
        for _ in range(ROUNDS):
            for what, load in loads.items():
                for name, (port, process) in running.items():
                    results[what][name].append(measured(process, port, load, SECONDS, stage.folder))
    return {what: {name: _median(rounds) for name, rounds in by_server.items()} for what, by_server in results.items()}


def _median(rounds: list[Served]) -> Served:
    return Served(statistics.median(r.rate for r in rounds), statistics.median(r.cpu for r in rounds))


async def pages(stage: Stage, port: int) -> dict[str, float]:
    """Which page -> median milliseconds of an answer, asked in turn over one connection."""
    far = await _cursor_before_page(stage, min(10_000, stage.rows // PAGE // 2))
    asked = {
        "page 1": PATH,
        "page 10,000": f"{PATH}?cursor={far}",
        "one owner": f"{PATH}?owner={SMALL_OWNER}",
        "a scarce currency": f"{PATH}?currency={SCARCE_CURRENCY}",
        "a scarce word": f"{PATH}?q={SCARCE_WORD}",
        "a frequent word": f"{PATH}?q={FREQUENT_WORD}",
    }
    client = await Client.connect(port, stage.authorization)
    times: dict[str, list[float]] = {name: [] for name in asked}
    shuffled = random.Random(1)  # noqa: S311 (no secret): whoever always comes after the slowest would look slow
    for number in range(LATENCY_ROUNDS + 20):
        for name, path in shuffled.sample(list(asked.items()), len(asked)):
            started = time.perf_counter()
            await client.get(path)
            if number >= 20:
                times[name].append((time.perf_counter() - started) * 1000)
    await client.close()
    return {name: statistics.median(measured) for name, measured in times.items()}


async def _cursor_before_page(stage: Stage, page: int) -> str:
    connection = await asyncpg.connect(stage.schema.database.url)
    row = await connection.fetchrow(
        "SELECT created_at, id FROM data.products ORDER BY created_at DESC, id DESC OFFSET $1 LIMIT 1",
        (page - 1) * PAGE - 1,
    )
    await connection.close()
    assert row is not None
    return to_cursor(Position(row["created_at"], row["id"]))


async def plans(stage: Stage) -> dict[str, str]:
    """Statement -> the plan that the database chooses for it, with what it took; nothing is changed."""
    connection = await asyncpg.connect(stage.schema.database.url, server_settings={"search_path": "data"})
    reading = {str(filters): statement for filters, _, statement in _page_statements()}
    found = {name: await plan_of(connection, statement, "ANALYZE") for name, statement in reading.items()}
    for name, (statement, _) in OTHERS.items():
        found[name] = await plan_of(connection, statement)
    await connection.close()
    return found


def _page_statements() -> Iterator[tuple[object, set[str], tuple[str, list[object]]]]:
    for filters, indexes in PAGES:
        yield filters, indexes, queries.page(filters, None, PAGE + 1)


async def _some_ids(stage: Stage) -> list[str]:
    connection = await asyncpg.connect(stage.schema.database.url)
    rows = await connection.fetch("SELECT id FROM data.products ORDER BY id LIMIT $1", FEW)
    await connection.close()
    return [str(row["id"]) for row in rows]


def run(rows: int) -> Report:
    """Everything, once."""
    load = os.getloadavg()[0]
    with prepared(rows) as stage:
        served = compared(stage, asyncio.run(_some_ids(stage)))
        with server(stage, "ours") as (port, _):
            milliseconds = asyncio.run(pages(stage, port))
        chosen = asyncio.run(plans(stage))
    bars = [Bar("page 10,000 / page 1", milliseconds["page 10,000"] / milliseconds["page 1"], 1.3, at_most=True)]
    for what, by_server in served.items():
        ours, bare, orm = (by_server[name].cpu for name in SERVERS)
        bars += [Bar(f"{what}: x bare asyncpg", bare / ours, 0.4), Bar(f"{what}: x FastAPI + ORM", orm / ours, 2)]
    read = [name for name, plan in chosen.items() if "Seq Scan" in plan or not indexes_in(plan)]
    bars.append(Bar("statements that read the whole table", len(read), 0, at_most=True))
    return Report(load, rows, served, milliseconds, chosen, bars)


def main() -> None:
    """The command line; exit code 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report = run(options.rows)
    print(json.dumps(report.as_dict(), indent=2) if options.json else report.as_text())
    raise SystemExit(0 if all(bar.holds for bar in report.bars) else 1)


if __name__ == "__main__":
    main()
