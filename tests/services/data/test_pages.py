"""Pages of products: newest first, each once, whatever is added meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from uuid import UUID

import asyncpg
import httpx
import pytest

from services.data.cursors import Position, from_cursor, to_cursor
from tests.support.applications import problem
from tests.support.migrated import MigratedDatabase

PATH = "/api/v1/products"
MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)

INSERT = """
    INSERT INTO data.products (id, name, price_minor, currency, owner_id, created_at)
    VALUES ($1, $2, 1, 'EUR', 'ann', $3)
"""


@pytest.fixture
async def table(schema: MigratedDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the table, which is empty."""
    connection = await asyncpg.connect(schema.database.url)
    await connection.execute("TRUNCATE data.products")
    yield connection
    await connection.close()


async def fill(table: asyncpg.Connection, count: int, *, apart: timedelta = timedelta(microseconds=1)) -> None:
    rows = [(UUID(int=number), f"product {number}", MOMENT + number * apart) for number in range(count)]
    await table.executemany(INSERT, rows)


async def pages(client: httpx.AsyncClient, limit: int) -> list[list[str]]:
    """The names on each page from the first to the last."""
    result = []
    cursor = None
    while True:
        query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(PATH, params=query)).json()
        result.append([item["name"] for item in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            return result


async def test_an_empty_list_is_one_empty_page(client: httpx.AsyncClient, table: asyncpg.Connection) -> None:
    assert (await client.get(PATH)).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
async def test_all_pages_together_are_the_whole_list_newest_first(
    client: httpx.AsyncClient, table: asyncpg.Connection, limit: int
) -> None:
    await fill(table, 7)
    found = await pages(client, limit)
    assert list(chain(*found)) == [f"product {number}" for number in reversed(range(7))]
    assert {len(page) for page in found[:-1]} <= {limit}


async def test_a_last_page_that_is_full_is_not_followed_by_an_empty_one(
    client: httpx.AsyncClient, table: asyncpg.Connection
) -> None:
    await fill(table, 6)
    assert [len(page) for page in await pages(client, 3)] == [3, 3]


async def test_products_of_the_same_moment_come_once_each(client: httpx.AsyncClient, table: asyncpg.Connection) -> None:
    await fill(table, 5, apart=timedelta(0))
    assert list(chain(*await pages(client, 2))) == [f"product {number}" for number in reversed(range(5))]


async def test_a_product_added_meanwhile_shifts_no_page(client: httpx.AsyncClient, table: asyncpg.Connection) -> None:
    await fill(table, 4)
    first = (await client.get(PATH, params={"limit": 2})).json()
    await table.execute(INSERT, UUID(int=99), "newest", MOMENT + timedelta(days=1))
    second = (await client.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["name"] for item in second["items"]] == ["product 1", "product 0"]


async def test_a_page_has_twenty_products_unless_told(client: httpx.AsyncClient, table: asyncpg.Connection) -> None:
    await fill(table, 21)
    assert [len(page) for page in [(await client.get(PATH)).json()["items"]]] == [20]


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1000000000000", "ten", "1.5", ""])
async def test_a_page_size_out_of_range_is_refused(client: httpx.AsyncClient, limit: str) -> None:
    body = problem(await client.get(PATH, params={"limit": limit}), 422, "invalid_request")
    assert [error["field"] for error in body["errors"]] == ["limit"]


@pytest.mark.parametrize("cursor", ["", "x", "!!!!", "AAAA", "ä", "A" * 33, "A" * 31 + "=", "f" + "_" * 31])
async def test_a_cursor_that_no_page_gave_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    body = problem(await client.get(PATH, params={"cursor": cursor}), 422, "invalid_request")
    assert [error["field"] for error in body["errors"]] == ["cursor"]


async def test_a_cursor_of_the_end_of_time_gives_a_page(client: httpx.AsyncClient, table: asyncpg.Connection) -> None:
    await fill(table, 1)
    cursor = to_cursor(Position(datetime.max.replace(tzinfo=UTC), UUID(int=0)))
    assert len((await client.get(PATH, params={"cursor": cursor})).json()["items"]) == 1


def test_a_cursor_keeps_the_position_to_the_microsecond() -> None:
    position = Position(MOMENT + timedelta(microseconds=123_457), UUID(int=2**127 + 5))
    assert from_cursor(to_cursor(position)) == position


async def test_pages_are_read_by_the_index(table: asyncpg.Connection) -> None:
    await fill(table, 2000)
    await table.execute("ANALYZE data.products")
    plan = await table.fetch(
        "EXPLAIN SELECT * FROM data.products WHERE (created_at, id) < ($1, $2)"
        " ORDER BY created_at DESC, id DESC LIMIT 21",
        MOMENT + timedelta(microseconds=1000),
        UUID(int=5),
    )
    text = "\n".join(row[0] for row in plan)
    assert "Index" in text
    assert "products_newest_first" in text
    assert "Sort" not in text


async def test_many_readers_at_once_are_all_answered(client: httpx.AsyncClient, table: asyncpg.Connection) -> None:
    await fill(table, 30)
    answers = await asyncio.gather(*(client.get(PATH) for _ in range(40)))
    assert {answer.status_code for answer in answers} == {200}
