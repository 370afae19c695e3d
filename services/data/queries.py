"""The statements. Only our own names are put together here; whatever a request says travels as a parameter.

A page's size is part of its statement: were it a parameter, Postgres could not know that few rows are wanted, and would
plan each execution anew.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.data.cursors import Position

Statement = tuple[str, list[Any]]
"""The text and its parameters."""

COLUMNS = "id, name, description, price_minor, currency, owner_id, created_at, updated_at"
ORDER = "ORDER BY created_at DESC, id DESC"

JOINERS = "-./@_<>&+~:"
"""What Postgres would take as part of one long word, such as of an address: here it divides words."""

# The very expression of the index products_words, as Postgres itself writes it.
WORDS = f"to_tsvector('simple', translate((name || ' ') || description, '{JOINERS}', '{' ' * len(JOINERS)}'))"

ONE = f"SELECT {COLUMNS} FROM products WHERE id = $1"  # noqa: S608

INSERT = f"""
    INSERT INTO products (name, description, price_minor, currency, owner_id) VALUES ($1, $2, $3, $4, $5)
    RETURNING {COLUMNS}
"""  # noqa: S608

_MAY_CHANGE = "id = $1 AND (owner_id = $2 OR $3::boolean) AND (updated_at = ANY ($4::timestamptz[]) OR $4 IS NULL)"

DELETE = f"DELETE FROM products WHERE {_MAY_CHANGE} RETURNING id"  # noqa: S608

DELETE_SOME_OF_OWNER = """
    WITH gone AS (
        DELETE FROM products WHERE id IN (SELECT id FROM products WHERE owner_id = $1 LIMIT $2) RETURNING id
    )
    SELECT count(*) AS count FROM gone
"""


@dataclass(frozen=True)
class Filters:
    """Which products: those of one owner, in one currency, with words that begin with each of those in `search`."""

    owner_id: str | None = None
    currency: str | None = None
    search: str | None = None


def page(filters: Filters, after: Position | None, limit: int) -> Statement:
    """At most `limit` of these products after a position (None: from the newest on)."""
    conditions: list[str] = []
    values: list[Any] = []

    def require(condition: str, *given: Any) -> None:
        conditions.append(condition.format(*(f"${len(values) + place}" for place in range(1, len(given) + 1))))
        values.extend(given)

    if filters.owner_id is not None:
        require("owner_id = {}", filters.owner_id)
    if filters.currency is not None:
        require("currency = {}", filters.currency)
    if filters.search is not None:
        require(f"{WORDS} @@ to_tsquery('simple', {{}})", prefix_query(filters.search))
    if after is not None:
        require("(created_at, id) < ({}, {})", *after)
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    return f"SELECT {COLUMNS} FROM products {where}{ORDER} LIMIT {limit:d}", values  # noqa: S608


def prefix_query(text: str) -> str:
    """The text as to_tsquery takes it: each of its words, or one that begins with it, in any order."""
    words = re.split(rf"[\s{re.escape(JOINERS)}]+", text)
    quoted = (word.replace("\\", "\\\\").replace("'", "''") for word in words if word)
    return " & ".join(f"'{word}':*" for word in quoted)


def update(product_id: UUID, user_id: str, *, any_owner: bool, states: Collection[datetime] | None,
           changes: dict[str, Any]) -> Statement:  # fmt: skip
    """Change the product if the user may and it is still in one of these states (None: any)."""
    assignments = ", ".join(f"{column} = ${place}" for place, column in enumerate(changes, start=5))
    text = f"""
        UPDATE products
        SET {assignments}, updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
        WHERE {_MAY_CHANGE}
        RETURNING {COLUMNS}
    """  # noqa: S608
    return text, [product_id, user_id, any_owner, states, *changes.values()]
