"""Products in the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, cast
from uuid import UUID

from services.data import queries
from services.data.cursors import Position
from services.data.etags import States
from services.data.idempotency import FORGET_OWNER, KeyedRequest
from services.data.models import NewProduct, ProductChanges
from services.data.queries import Filters
from services.data.rows import Row
from services.shared.database import Database
from services.shared.errors import Problem, not_found

if TYPE_CHECKING:
    from asyncpg import Record

    from services.shared.database import Connection

DELETED_AT_ONCE = 2000
"""Rows in one statement: a transaction that stays short, however much somebody owns."""


@dataclass(frozen=True)
class Actor:
    """Who wants to change something."""

    user_id: str
    is_admin: bool


class Products:
    """The table of products; every method raises the problem 503 while there is no database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, product_id: UUID) -> Row:
        """The product; the problem 404 if there is none."""
        record = await self._database.fetchrow(queries.ONE, product_id)
        if record is None:
            raise no_such_product()
        return _row(record)

    async def page(self, filters: Filters, limit: int, after: Position | None) -> tuple[list[Row], Position | None]:
        """At most `limit` products after a position (None: from the newest on), and the last one's position if more
        follow."""
        statement, values = queries.page(filters, after, limit + 1)
        # A plan that suits all owners, currencies and words alike may be a bad one for those that are asked for.
        fetch = self._database.fetch if filters == Filters() else self._database.fetch_planned
        records = await fetch(statement, *values)
        rows = list(map(_row, records[:limit]))
        more = len(records) > limit
        return rows, Position(rows[-1]["created_at"], rows[-1]["id"]) if more else None

    async def add(self, product: NewProduct, owner_id: str) -> Row:
        """Keep a new product."""
        async with self._database.connection() as connection:
            return await _insert(connection, product, owner_id)

    async def add_once(self, product: NewProduct, owner_id: str, key: str) -> tuple[Row, bool]:
        """Keep a new product, unless an earlier request under the key did: (what the first one made, whether this is
        not the first). Refused as `KeyedRequest.first_result` says."""
        async with self._database.connection() as connection, connection.transaction():
            request = KeyedRequest(connection, owner_id, key, product)
            first = await request.first_result()
            if first is not None:
                return first, True
            row = await _insert(connection, product, owner_id)
            await request.keep(row)
        return row, False

    async def change(self, product_id: UUID, actor: Actor, states: States, changes: ProductChanges) -> Row:
        """The product after the changes; the problem 404, 403 `not_owner` or 412 `precondition_failed` otherwise."""
        statement, values = queries.update(
            product_id,
            actor.user_id,
            any_owner=actor.is_admin,
            states=states,
            changes=changes.model_dump(exclude_unset=True),
        )
        record = await self._database.fetchrow(statement, *values)
        if record is None:
            await self._explain_refusal(product_id, actor)
        return _row(record)

    async def delete(self, product_id: UUID, actor: Actor, states: States) -> None:
        """Delete the product; refused as a change is."""
        gone = await self._database.fetchrow(queries.DELETE, product_id, actor.user_id, actor.is_admin, states)
        if gone is None:
            await self._explain_refusal(product_id, actor)

    async def delete_all_of(self, owner_id: str) -> None:
        """Delete what the user owns, in several transactions, and what is known of their requests. Whoever is
        interrupted may begin again."""
        count = DELETED_AT_ONCE
        while count == DELETED_AT_ONCE:
            gone = await self._database.fetchrow(queries.DELETE_SOME_OF_OWNER, owner_id, DELETED_AT_ONCE)
            count = gone["count"] if gone else 0
        await self._database.fetchrow(FORGET_OWNER, owner_id)

    async def _explain_refusal(self, product_id: UUID, actor: Actor) -> NoReturn:
        row = await self.get(product_id)
        if row["owner_id"] != actor.user_id and not actor.is_admin:
            raise Problem(403, "not_owner", "Only the product's owner or an administrator may change it.")
        raise Problem(412, "precondition_failed", "The product was changed meanwhile: read it again, then decide.")


async def _insert(connection: Connection, product: NewProduct, owner_id: str) -> Row:
    record = await connection.fetchrow(
        queries.INSERT, product.name, product.description, product.price_minor, product.currency, owner_id
    )
    if record is None:
        raise RuntimeError("INSERT ... RETURNING gave no row")
    return _row(record)


def _row(record: Record) -> Row:
    return cast(Row, dict(record))


def no_such_product() -> Problem:
    """404."""
    return not_found("There is no such product.")
