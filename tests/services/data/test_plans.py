"""How the database finds what each statement asks for: by an index, never by reading the whole table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.data import queries
from services.data.cursors import Position
from services.data.queries import Filters, Statement
from tests.support.migrated import MigratedDatabase
from tests.support.products import BIG_OWNER, UNIVERSAL_WORD, fill_with_keys, fill_with_products
from tests.support.statements import MIDDLE, OTHERS, PAGES, indexes_in, plan_of

ROWS = 20_000


@pytest.fixture(scope="module", autouse=True)
def filled(schema: MigratedDatabase) -> None:
    async def fill() -> None:
        connection = await asyncpg.connect(schema.database.url)
        await fill_with_products(connection, ROWS)
        await fill_with_keys(connection, ROWS)
        await connection.close()

    asyncio.run(fill())


@pytest.fixture
async def database_itself(schema: MigratedDatabase) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(schema.database.url, server_settings={"search_path": "data"})
    yield connection
    await connection.close()


@pytest.mark.parametrize("after", [None, MIDDLE], ids=["first", "later"])
@pytest.mark.parametrize(("filters", "indexes"), PAGES, ids=[str(filters) for filters, _ in PAGES])
async def test_a_page_is_found_by_an_index(
    database_itself: asyncpg.Connection, filters: Filters, indexes: set[str], after: Position | None
) -> None:
    plan = await plan_of(database_itself, queries.page(filters, after, 21))
    assert "Seq Scan" not in plan, plan
    assert indexes_in(plan), plan
    assert indexes_in(plan) <= indexes, plan


@pytest.mark.parametrize("filters", [Filters(), Filters(owner_id=BIG_OWNER), Filters(search=UNIVERSAL_WORD)])
@pytest.mark.parametrize("after", [None, MIDDLE], ids=["first", "later"])
async def test_what_fills_many_pages_is_read_in_order_and_not_sorted(
    database_itself: asyncpg.Connection, filters: Filters, after: Position | None
) -> None:
    assert "Sort" not in await plan_of(database_itself, queries.page(filters, after, 21))


@pytest.mark.parametrize(("statement", "indexes"), OTHERS.values(), ids=OTHERS)
async def test_every_other_statement_is_led_by_an_index_too(
    database_itself: asyncpg.Connection, statement: Statement, indexes: set[str]
) -> None:
    plan = await plan_of(database_itself, statement)
    assert "Seq Scan" not in plan, plan
    assert indexes_in(plan) == indexes, plan
