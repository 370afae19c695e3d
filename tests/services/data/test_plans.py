"""How the database finds what each statement asks for: by an index, never by reading the whole table."""

from __future__ import annotations

import asyncio
import re
import uuid
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from services.data import idempotency, queries
from services.data.cursors import Position
from services.data.queries import Filters, Statement
from tests.support.migrated import MigratedDatabase
from tests.support.products import (
    BIG_OWNER,
    FREQUENT_CURRENCY,
    FREQUENT_WORD,
    SCARCE_CURRENCY,
    SCARCE_WORD,
    SMALL_OWNER,
    UNIVERSAL_WORD,
    fill_with_products,
)

ROWS = 20_000
MIDDLE = Position(datetime(2026, 1, 2, 3, tzinfo=UTC), uuid.UUID(int=5))
SOMEONE = uuid.UUID(int=7)


@pytest.fixture(scope="module", autouse=True)
def filled(schema: MigratedDatabase) -> None:
    async def fill() -> None:
        connection = await asyncpg.connect(schema.database.url)
        await fill_with_products(connection, ROWS)
        await connection.execute(
            "INSERT INTO data.idempotency_keys"
            " SELECT 'user ' || n % 100, 'key ' || n, '', '', now() + n * interval '1 s'"
            " FROM generate_series(1, $1::int) AS n",
            ROWS,
        )
        await connection.execute("ANALYZE data.idempotency_keys")
        await connection.close()

    asyncio.run(fill())


async def plan_of(schema: MigratedDatabase, statement: Statement) -> str:
    """The plan that the database chooses for the statement with these values."""
    text, values = statement
    connection = await asyncpg.connect(schema.database.url, server_settings={"search_path": "data"})
    rows = await connection.fetch(f"EXPLAIN {text}", *values)
    await connection.close()
    return "\n".join(row[0] for row in rows)


def indexes_in(plan: str) -> set[str]:
    return set(re.findall(r"(?:Index (?:Only )?Scan (?:Backward )?using|Bitmap Index Scan on) (\w+)", plan))


PAGES: list[tuple[Filters, set[str]]] = [
    (Filters(), {"products_newest_first"}),
    (Filters(owner_id=BIG_OWNER), {"products_of_owner", "products_newest_first"}),
    (Filters(owner_id=SMALL_OWNER), {"products_of_owner"}),
    (Filters(currency=SCARCE_CURRENCY), {"products_of_currency"}),
    (Filters(currency=FREQUENT_CURRENCY), {"products_of_currency", "products_newest_first"}),
    (Filters(owner_id=SMALL_OWNER, currency=SCARCE_CURRENCY), {"products_of_owner", "products_of_currency"}),
    (Filters(search=SCARCE_WORD), {"products_words"}),
    (Filters(search="unic"), {"products_words"}),
    (Filters(search=f"{UNIVERSAL_WORD} {SCARCE_WORD}"), {"products_words"}),
    (Filters(search="nowhere"), {"products_words"}),
    (Filters(search=FREQUENT_WORD), {"products_newest_first", "products_words"}),
    (Filters(search=UNIVERSAL_WORD), {"products_newest_first"}),
    (Filters(search=SCARCE_WORD, owner_id=BIG_OWNER), {"products_words", "products_of_owner"}),
    (Filters(search=UNIVERSAL_WORD, owner_id=BIG_OWNER), {"products_of_owner", "products_newest_first"}),
]


@pytest.mark.parametrize("after", [None, MIDDLE], ids=["first", "later"])
@pytest.mark.parametrize(("filters", "indexes"), PAGES, ids=[str(filters) for filters, _ in PAGES])
async def test_a_page_is_found_by_an_index(
    schema: MigratedDatabase, filters: Filters, indexes: set[str], after: Position | None
) -> None:
    plan = await plan_of(schema, queries.page(filters, after, 21))
    assert "Seq Scan" not in plan, plan
    assert indexes_in(plan), plan
    assert indexes_in(plan) <= indexes, plan


@pytest.mark.parametrize("filters", [Filters(), Filters(owner_id=BIG_OWNER), Filters(search=UNIVERSAL_WORD)])
@pytest.mark.parametrize("after", [None, MIDDLE], ids=["first", "later"])
async def test_what_fills_many_pages_is_read_in_order_and_not_sorted(
    schema: MigratedDatabase, filters: Filters, after: Position | None
) -> None:
    assert "Sort" not in await plan_of(schema, queries.page(filters, after, 21))


CHANGE: dict[str, Any] = {"any_owner": False, "states": [MIDDLE.created_at], "changes": {"name": "Torch"}}
OTHERS: dict[str, tuple[Statement, set[str]]] = {
    "one": ((queries.ONE, [SOMEONE]), {"products_pkey"}),
    "update": (queries.update(SOMEONE, "ann", **CHANGE), {"products_pkey"}),
    "delete": ((queries.DELETE, [SOMEONE, "ann", True, None]), {"products_pkey"}),
    "delete some of owner": (
        (queries.DELETE_SOME_OF_OWNER, [SMALL_OWNER, 10]),
        {"products_of_owner", "products_pkey"},
    ),
    "find a key": ((idempotency.FIND, ["user 7", "key 7"]), {"idempotency_keys_pkey"}),
    "sweep keys": ((idempotency.SWEEP, [10]), {"idempotency_keys_expiry", "idempotency_keys_pkey"}),
    "forget keys": ((idempotency.FORGET_OWNER, ["user 7"]), {"idempotency_keys_pkey"}),
}


@pytest.mark.parametrize(("statement", "indexes"), OTHERS.values(), ids=OTHERS)
async def test_every_other_statement_is_led_by_an_index_too(
    schema: MigratedDatabase, statement: Statement, indexes: set[str]
) -> None:
    plan = await plan_of(schema, statement)
    assert "Seq Scan" not in plan, plan
    assert indexes_in(plan) == indexes, plan
