"""Many products, as they might be: some owners and currencies have most of them, some words are everywhere."""

from __future__ import annotations

import asyncpg

SCARCE_WORD = "unicorn"
"""In one of 10,000 products."""
FREQUENT_WORD = "wooden"
"""In one of ten."""
UNIVERSAL_WORD = "sturdy"
"""In all of them."""
BIG_OWNER = "owner-0"
SMALL_OWNER = "owner-999"
FREQUENT_CURRENCY = "EUR"
SCARCE_CURRENCY = "ZMW"

_WORD = "translate(substr(md5(floor(power(random(), 3) * 20000)::text), 1, 7), '0123456789', 'ghijklmnop')"
"""One of 20,000, of letters only, the first ones far more often than the last."""

_FILL = f"""
    INSERT INTO data.products (name, description, price_minor, currency, owner_id, created_at, updated_at)
    SELECT 'Product ' || n || ' ' || {_WORD},
        'A {UNIVERSAL_WORD} thing '
            || CASE WHEN n % 10 = 1 THEN '{FREQUENT_WORD} ' ELSE '' END
            || CASE WHEN n % 10000 = 77 THEN '{SCARCE_WORD} ' ELSE '' END
            || {" || ' ' || ".join([_WORD] * 10)},
        floor(random() * 100000)::bigint,
        CASE WHEN n % 1000 = 7 THEN '{SCARCE_CURRENCY}' WHEN n % 3 = 0 THEN 'USD' ELSE '{FREQUENT_CURRENCY}' END,
        'owner-' || floor(power(random(), 3) * 1000),
        timestamptz '2026-01-01' + n * interval '10 seconds',
        timestamptz '2026-01-01' + n * interval '10 seconds'
    FROM generate_series(1, $1::int) AS n
"""  # noqa: S608


async def fill_with_products(connection: asyncpg.Connection, count: int) -> None:
    """Put `count` products into the empty table and gather its statistics; always the same, but for their ids."""
    definitions = await connection.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index"
        " WHERE indrelid = 'data.products'::regclass AND NOT indisprimary"
    )
    for index in definitions:
        await connection.execute(f"DROP INDEX {index['name']}")
    await connection.execute("SELECT setseed(0.5)")
    await connection.execute(_FILL, count, timeout=600)
    for index in definitions:  # at once is faster than row by row
        await connection.execute(index["definition"], timeout=600)
    await connection.execute("VACUUM ANALYZE data.products", timeout=600)


async def fill_with_keys(connection: asyncpg.Connection, count: int) -> None:
    """Put `count` keys of a hundred users into the empty table; none of them is old."""
    await connection.execute(
        "INSERT INTO data.idempotency_keys"
        " SELECT 'user ' || n % 100, 'key ' || n, '', '', now() + n * interval '1 s'"
        " FROM generate_series(1, $1::int) AS n",
        count,
        timeout=600,
    )
    await connection.execute("VACUUM ANALYZE data.idempotency_keys", timeout=600)
