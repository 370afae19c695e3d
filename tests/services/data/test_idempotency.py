"""The same request under the same key, however often it comes, makes one product."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest

from services.data.app import create
from services.data.settings import Settings
from tests.support.applications import client_of, problem
from tests.support.migrated import MigratedDatabase

PATH = "/api/v1/products"
LAMP: dict[str, Any] = {"name": "Lamp", "description": "It shines.", "price_minor": 1999, "currency": "EUR"}

_WAITING = "FROM pg_locks WHERE relation = 'data.products'::regclass AND NOT granted"
COUNT_WAITING = f"SELECT count(*) {_WAITING}"
END_WAITING = f"SELECT pg_terminate_backend(pid) {_WAITING}"


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex


@pytest.fixture
async def database_itself(schema: MigratedDatabase) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(schema.database.url)
    await connection.execute("TRUNCATE data.products, data.idempotency_keys")
    yield connection
    await connection.close()


async def post(client: httpx.AsyncClient, key: str, **changes: Any) -> httpx.Response:
    headers = {"idempotency-key": key, **changes.pop("headers", {})}
    return await client.post(PATH, json={**LAMP, **changes}, headers=headers)


async def test_a_repeated_request_is_answered_as_the_first_time(
    client: httpx.AsyncClient, key: str, database_itself: asyncpg.Connection
) -> None:
    first = await post(client, key)
    again = [await post(client, key) for _ in range(3)]
    assert first.status_code == 201
    assert "idempotent-replayed" not in first.headers
    for response in again:
        assert (response.status_code, response.content) == (201, first.content)
        assert response.headers["idempotent-replayed"] == "true"
        assert [response.headers[name] for name in ("etag", "location")] == [
            first.headers[name] for name in ("etag", "location")
        ]
    assert await database_itself.fetchval("SELECT count(*) FROM data.products") == 1


async def test_the_first_answer_comes_again_even_when_the_product_has_changed_or_gone(
    client: httpx.AsyncClient, key: str
) -> None:
    first = await post(client, key, price_minor=2**63 - 1)
    address = first.headers["location"]
    await client.patch(address, json={"name": "Torch"}, headers={"if-match": "*"})
    assert (await post(client, key, price_minor=2**63 - 1)).content == first.content
    await client.delete(address)
    assert (await post(client, key, price_minor=2**63 - 1)).content == first.content


async def test_the_same_body_written_differently_is_the_same_body(client: httpx.AsyncClient, key: str) -> None:
    first = await post(client, key)
    content = '{ "currency": "EUR", "price_minor": 1999, "name": " Lamp", "description":"It shines." }'
    headers = {"content-type": "application/json", "idempotency-key": key}
    again = await client.post(PATH, content=content, headers=headers)
    assert (again.headers["idempotent-replayed"], again.content) == ("true", first.content)


@pytest.mark.parametrize("changes", [{"name": "Torch"}, {"price_minor": 0}, {"currency": "USD"}, {"description": ""}])
async def test_another_body_under_the_same_key_is_refused(
    client: httpx.AsyncClient, key: str, changes: dict[str, Any]
) -> None:
    await post(client, key)
    problem(await post(client, key, **changes), 422, "idempotency_key_reused")
    assert (await post(client, key)).headers["idempotent-replayed"] == "true"


async def test_a_key_is_its_users_own(client: httpx.AsyncClient, key: str, bob: dict[str, str]) -> None:
    anns = await post(client, key)
    bobs = await post(client, key, headers=bob, name="Bob's")
    assert bobs.status_code == 201
    assert bobs.json()["id"] != anns.json()["id"]


async def test_without_a_key_each_request_makes_a_product(
    client: httpx.AsyncClient, database_itself: asyncpg.Connection
) -> None:
    for _ in range(2):
        assert (await client.post(PATH, json=LAMP)).status_code == 201
    assert await database_itself.fetchval("SELECT count(*) FROM data.products") == 2


async def test_a_request_that_was_refused_does_not_use_up_its_key(client: httpx.AsyncClient, key: str) -> None:
    problem(await post(client, key, price_minor=-1), 422, "invalid_request")
    assert (await post(client, key)).status_code == 201


async def test_duplicates_at_once_make_one_product(
    client: httpx.AsyncClient, settings: Settings, key: str, database_itself: asyncpg.Connection
) -> None:
    async with client_of(create(settings), headers=client.headers) as other_process:
        answers = await asyncio.gather(*(post(each, key) for each in (client, other_process) * 15))
    made = [answer for answer in answers if answer.status_code == 201]
    waiting = [answer for answer in answers if answer.status_code != 201]
    assert len({answer.json()["id"] for answer in made}) == 1
    assert len([answer for answer in made if "idempotent-replayed" not in answer.headers]) == 1
    for answer in waiting:
        problem(answer, 409, "idempotency_in_progress")
    assert await database_itself.fetchval("SELECT count(*) FROM data.products") == 1


@pytest.fixture
async def unfinished(
    client: httpx.AsyncClient, key: str, database_itself: asyncpg.Connection
) -> AsyncIterator[asyncio.Task[httpx.Response]]:
    """A first request, held up in the middle until somebody rolls back what `database_itself` has begun."""
    await database_itself.execute("BEGIN; LOCK TABLE data.products IN SHARE ROW EXCLUSIVE MODE")
    task = asyncio.ensure_future(post(client, key))
    for _ in range(400):
        if await database_itself.fetchval(COUNT_WAITING):
            break
        await asyncio.sleep(0.01)
    yield task
    await task


async def test_while_the_first_request_runs_others_are_told_to_come_back(
    client: httpx.AsyncClient, key: str, unfinished: asyncio.Task[httpx.Response], database_itself: asyncpg.Connection
) -> None:
    second = await post(client, key)
    problem(second, 409, "idempotency_in_progress")
    assert int(second.headers["retry-after"]) > 0
    await database_itself.execute("ROLLBACK")
    first = await unfinished
    assert first.status_code == 201
    assert (await post(client, key)).content == first.content


async def test_a_first_request_that_dies_halfway_leaves_the_key_free(
    client: httpx.AsyncClient, key: str, unfinished: asyncio.Task[httpx.Response], database_itself: asyncpg.Connection
) -> None:
    await database_itself.execute(END_WAITING)
    problem(await unfinished, 503, "database_unavailable")
    await database_itself.execute("ROLLBACK")
    again = await post(client, key)
    assert again.status_code == 201
    assert "idempotent-replayed" not in again.headers


async def test_a_key_is_free_again_when_its_time_is_over(
    client: httpx.AsyncClient, key: str, database_itself: asyncpg.Connection
) -> None:
    first = await post(client, key)
    age = "UPDATE data.idempotency_keys SET expires_at = expires_at - interval '{}'"
    await database_itself.execute(age.format("23 hours 59 minutes"))
    assert (await post(client, key)).content == first.content
    await database_itself.execute(age.format("1 minute"))
    again = await post(client, key, name="Torch")
    assert (again.status_code, again.json()["name"]) == (201, "Torch")
    assert (await post(client, key, name="Torch")).content == again.content


async def test_old_keys_are_cleared_away_by_new_ones(
    client: httpx.AsyncClient, database_itself: asyncpg.Connection
) -> None:
    await database_itself.execute("""
        INSERT INTO data.idempotency_keys
        SELECT 'cy', 'key ' || n, '', '', now() - n * interval '1 minute' FROM generate_series(1, 25) AS n
    """)
    for left in (15, 5, 0):
        await post(client, uuid.uuid4().hex)
        assert (
            await database_itself.fetchval("SELECT count(*) FROM data.idempotency_keys WHERE owner_id = 'cy'") == left
        )


async def test_whoever_deletes_all_products_leaves_no_keys_either(
    client: httpx.AsyncClient, key: str, database_itself: asyncpg.Connection
) -> None:
    await post(client, key)
    await client.delete(PATH, params={"owner": "me"})
    assert await database_itself.fetchval("SELECT count(*) FROM data.idempotency_keys") == 0


@pytest.mark.parametrize("wrong", ["", "x" * 129, "a b", "tab\there", "\x7f", "ü"])
async def test_a_key_that_is_none_is_refused(client: httpx.AsyncClient, wrong: str) -> None:
    response = await client.post(PATH, json=LAMP, headers={b"idempotency-key": wrong.encode()})
    assert [error["field"] for error in problem(response, 422, "invalid_request")["errors"]] == ["idempotency-key"]


@pytest.mark.parametrize("good", ["!", "~" * 128, '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])
async def test_a_key_is_any_visible_ascii(client: httpx.AsyncClient, good: str) -> None:
    assert (await post(client, good)).status_code == 201
