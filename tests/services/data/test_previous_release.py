"""While a deploy rolls, and after it is rolled back, an older release runs on this schema: its statements must work.

`RELEASES` holds, for each release that may still run, the statements of its services/data/products.py. When a revision
is added, the statements of the release before it are added here; they leave with the last task that runs them, and only
then may a revision take away what they use.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from services.data.migrations import __path__ as revisions
from tests.support.migrated import MigratedDatabase

PATH = "/api/v1/products"
COLUMNS = "id, name, description, price_minor, currency, owner_id, created_at, updated_at"


@dataclass(frozen=True)
class Release:
    """A release's statements, by what they do."""

    one: str
    first_page: str
    next_page: str
    insert: str


RELEASES = {
    "0001": Release(
        one=(
            "SELECT id, name, description, price_minor, currency, owner_id, created_at, updated_at FROM products"
            " WHERE id = $1"
        ),
        first_page=(
            "SELECT id, name, description, price_minor, currency, owner_id, created_at, updated_at FROM products"
            " ORDER BY created_at DESC, id DESC LIMIT $1"
        ),
        next_page=(
            "SELECT id, name, description, price_minor, currency, owner_id, created_at, updated_at FROM products"
            " WHERE (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $1"
        ),
        insert=(
            "INSERT INTO products (name, description, price_minor, currency, owner_id) VALUES ($1, $2, $3, $4, $5)"
            " RETURNING id, name, description, price_minor, currency, owner_id, created_at, updated_at"
        ),
    ),
}
LAMP = ("Lamp", "It shines.", 1999, "EUR", "ann")

each_release = pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)


@pytest.fixture
async def old(schema: MigratedDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A connection as an old task has it: the service's own role, its schema, an empty table."""
    owner = await asyncpg.connect(schema.database.url)
    await owner.execute("TRUNCATE data.products")
    await owner.close()
    database = schema.database
    connection = await asyncpg.connect(
        host=database.host,
        port=database.port,
        database=database.name,
        user=schema.user,
        password=schema.password,
        server_settings={"search_path": "data"},
    )
    yield connection
    await connection.close()


def members(record: asyncpg.Record | None) -> dict[str, Any]:
    assert record is not None
    assert list(record.keys()) == COLUMNS.split(", ")
    return dict(record)


@each_release
async def test_what_an_old_task_adds_both_can_read(
    release: Release, old: asyncpg.Connection, client: httpx.AsyncClient
) -> None:
    row = members(await old.fetchrow(release.insert, *LAMP))
    assert (row["name"], row["description"], row["price_minor"], row["currency"], row["owner_id"]) == LAMP
    assert row["created_at"] == row["updated_at"]
    assert isinstance(row["id"], uuid.UUID)
    assert members(await old.fetchrow(release.one, row["id"])) == row
    assert (await client.get(f"{PATH}/{row['id']}")).json()["name"] == "Lamp"
    assert (await client.get(PATH, params={"q": "shines", "owner": "me"})).json()["items"][0]["id"] == str(row["id"])


@each_release
async def test_what_a_new_task_adds_and_changes_an_old_one_can_read(
    release: Release, old: asyncpg.Connection, client: httpx.AsyncClient
) -> None:
    body = dict(zip(("name", "description", "price_minor", "currency"), LAMP, strict=False))
    made = await client.post(PATH, json=body, headers={"idempotency-key": uuid.uuid4().hex})
    await client.patch(made.headers["location"], json={"name": "Torch"}, headers={"if-match": made.headers["etag"]})
    assert members(await old.fetchrow(release.one, uuid.UUID(made.json()["id"])))["name"] == "Torch"


@each_release
async def test_an_old_tasks_pages_are_those_of_a_new_one(
    release: Release, old: asyncpg.Connection, client: httpx.AsyncClient
) -> None:
    for number in range(5):
        await old.fetchrow(release.insert, f"product {number}", *LAMP[1:])
    rows = [members(row) for row in await old.fetch(release.first_page, 3)]
    last = rows[-1]
    rows += [members(row) for row in await old.fetch(release.next_page, 3, last["created_at"], last["id"])]
    assert [row["name"] for row in rows] == [f"product {number}" for number in reversed(range(5))]
    assert [item["id"] for item in (await client.get(PATH)).json()["items"]] == [str(row["id"]) for row in rows]


@each_release
@pytest.mark.parametrize("wrong", [("", "", 1, "EUR"), ("x", "", -1, "EUR"), ("x", "", 1, "eur")])
async def test_what_an_old_task_may_not_add_is_still_refused(
    release: Release, old: asyncpg.Connection, wrong: tuple[Any, ...]
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await old.fetchrow(release.insert, *wrong, "ann")


def test_the_statements_are_those_of_revisions_that_exist() -> None:
    from pathlib import Path

    numbers = {path.name[:4] for folder in revisions for path in Path(folder).glob("[0-9]*.py")}
    assert set(RELEASES) < numbers
