"""Every statement of the products service, and the indexes that may lead the database to what it asks for."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import Any

import asyncpg

from services.data import idempotency, queries
from services.data.cursors import Position
from services.data.queries import Filters, Statement
from tests.support.products import (
    BIG_OWNER,
    FREQUENT_CURRENCY,
    FREQUENT_WORD,
    SCARCE_CURRENCY,
    SCARCE_WORD,
    SMALL_OWNER,
    UNIVERSAL_WORD,
)

MIDDLE = Position(datetime(2026, 1, 2, 3, tzinfo=UTC), uuid.UUID(int=5))
SOMEONE = uuid.UUID(int=7)

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


async def plan_of(connection: asyncpg.Connection, statement: Statement, options: str = "COSTS ON") -> str:
    """The plan that the database chooses for the statement with these values."""
    text, values = statement
    return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN ({options}) {text}", *values))


def indexes_in(plan: str) -> set[str]:
    """The names of the indexes that the plan reads."""
    return set(re.findall(r"(?:Index (?:Only )?Scan (?:Backward )?using|Bitmap Index Scan on) (\w+)", plan))
