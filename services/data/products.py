"""Products in the database."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.data.cursors import Position
from services.data.models import NewProduct
from services.shared.database import Database

Row = dict[str, Any]
"""A product with the members of models.Product."""

_COLUMNS = "id, name, description, price_minor, currency, owner_id, created_at, updated_at"
_ORDER = "ORDER BY created_at DESC, id DESC"

# Only our own column names are put together here.
_ONE = f"SELECT {_COLUMNS} FROM products WHERE id = $1"  # noqa: S608
_FIRST_PAGE = f"SELECT {_COLUMNS} FROM products {_ORDER} LIMIT $1"  # noqa: S608
_NEXT_PAGE = f"SELECT {_COLUMNS} FROM products WHERE (created_at, id) < ($2, $3) {_ORDER} LIMIT $1"  # noqa: S608
_INSERT = f"""
    INSERT INTO products (name, description, price_minor, currency, owner_id) VALUES ($1, $2, $3, $4, $5)
    RETURNING {_COLUMNS}
"""  # noqa: S608


class Products:
    """The table of products; every method raises the problem 503 while there is no database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, product_id: UUID) -> Row | None:
        """The product, if there is one."""
        record = await self._database.fetchrow(_ONE, product_id)
        return dict(record) if record else None

    async def page(self, limit: int, after: Position | None) -> tuple[list[Row], Position | None]:
        """At most `limit` products after a position (None: from the newest on), and the last one's position if more
        follow."""
        position = () if after is None else after
        records = await self._database.fetch(_NEXT_PAGE if position else _FIRST_PAGE, limit + 1, *position)
        rows = [dict(record) for record in records[:limit]]
        more = len(records) > limit
        return rows, Position(rows[-1]["created_at"], rows[-1]["id"]) if more else None

    async def add(self, product: NewProduct, owner_id: str) -> Row:
        """Keep a new product."""
        record = await self._database.fetchrow(
            _INSERT, product.name, product.description, product.price_minor, product.currency, owner_id
        )
        if record is None:
            raise RuntimeError("INSERT ... RETURNING gave no row")
        return dict(record)
