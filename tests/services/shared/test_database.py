"""The pool of connections: a database that is away is a 503, and back is back."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from services.shared.database import CERTIFICATES_VARIABLE, Database, connect_options
from services.shared.errors import Problem
from services.shared.settings import DatabaseSettings
from tests.support import postgres


def settings_of(database: postgres.Database, **changes: Any) -> DatabaseSettings:
    values = {
        "database_host": database.host,
        "database_port": database.port,
        "database_name": database.name,
        "database_user": database.user,
        "database_password": database.password,
        "database_tls": "disable",
        "database_pool_size": 2,
    }
    return DatabaseSettings.model_validate({**values, **changes})


@pytest.fixture
async def opened(database: postgres.Database) -> AsyncIterator[Database]:
    async with Database(settings_of(database), schema="public") as opened:
        yield opened


async def refused(database: Database) -> Problem:
    with pytest.raises(Problem) as caught:
        await database.fetchrow("SELECT 1")
    assert (caught.value.status_code, caught.value.code) == (503, "database_unavailable")
    return caught.value


async def test_rows_come_back(opened: Database) -> None:
    row = await opened.fetchrow("SELECT $1::int + 1 AS sum", 2)
    assert row is not None
    assert row["sum"] == 3
    assert [row["n"] for row in await opened.fetch("SELECT generate_series(1, 3) AS n")] == [1, 2, 3]


async def test_names_without_a_schema_are_those_of_the_services_own(database: postgres.Database) -> None:
    async with Database(settings_of(database), schema="mine") as opened:
        row = await opened.fetchrow("SHOW search_path")
    assert row is not None
    assert row["search_path"] == "mine"


@pytest.mark.parametrize(
    "changes",
    [
        {"database_port": 9},
        {"database_host": "nowhere.invalid"},
        {"database_password": "wrong"},
        {"database_user": "nobody_of_that_name"},
        {"database_name": "no_such_database"},
        {"database_tls": "verify-full"},
    ],
)
async def test_a_database_that_cannot_serve_us_is_503_with_a_time_to_come_back(
    database: postgres.Database, changes: dict[str, Any]
) -> None:
    async with Database(settings_of(database, **changes), schema="public") as opened:
        problem = await refused(opened)
        assert problem.headers == {"retry-after": "5"}
        assert database.host not in problem.detail
        with pytest.raises(Problem):
            await opened.check()


async def test_a_database_that_comes_back_is_used_again(opened: Database, database: postgres.Database) -> None:
    await opened.check()
    admin = await asyncpg.connect(database.url)
    try:
        await admin.execute(f"ALTER DATABASE {database.name} CONNECTION LIMIT 0")
        await admin.execute("CREATE ROLE left_out LOGIN PASSWORD 'left-out'")
        async with Database(
            settings_of(database, database_user="left_out", database_password="left-out"), schema="public"
        ) as limited:
            await refused(limited)
            await admin.execute(f"ALTER DATABASE {database.name} CONNECTION LIMIT -1")
            await limited.check()
    finally:
        await admin.execute("DROP ROLE left_out")
        await admin.close()


async def test_connections_that_the_server_ended_are_replaced(opened: Database, database: postgres.Database) -> None:
    await asyncio.gather(opened.check(), opened.check())
    admin = await asyncpg.connect(database.url)
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    await admin.close()
    await asyncio.sleep(0.05)
    for _ in range(3):
        await opened.check()


async def test_a_statement_that_is_ended_by_the_server_is_503(opened: Database) -> None:
    async def too_long() -> None:
        async with opened.connection() as connection:
            await connection.execute("SET statement_timeout = '20ms'")
            await connection.execute("SELECT pg_sleep(5)")

    with pytest.raises(Problem) as caught:
        await too_long()
    assert caught.value.status_code == 503


async def test_statements_have_a_time_limit(opened: Database) -> None:
    row = await opened.fetchrow("SHOW statement_timeout")
    assert row is not None
    assert row["statement_timeout"] == "5s"


async def test_waiting_for_a_free_connection_ends_in_503(opened: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened.connection(), opened.connection():
        monkeypatch.setattr("services.shared.database.ACQUIRE_SECONDS", 0.05)
        await refused(opened)
        monkeypatch.undo()
    await opened.check()


@pytest.mark.parametrize("statement", ["SELECT nonsense", "SELEC", "SELECT 1/0"])
async def test_a_statement_that_is_wrong_is_our_fault_and_not_503(opened: Database, statement: str) -> None:
    with pytest.raises(asyncpg.PostgresError):
        await opened.fetch(statement)


async def test_a_transaction_that_fails_leaves_nothing_behind(opened: Database) -> None:
    async def fail_halfway() -> None:
        async with opened.connection() as connection, connection.transaction():
            await connection.execute("INSERT INTO notes VALUES ('lost')")
            await connection.execute("SELECT 1/0")

    await opened.fetch("CREATE TABLE notes (text text)")
    with pytest.raises(asyncpg.PostgresError):
        await fail_halfway()
    assert await opened.fetch("SELECT * FROM notes") == []


async def test_a_pool_that_is_not_open_says_so(database: postgres.Database) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await Database(settings_of(database), schema="public").fetch("SELECT 1")


def test_verify_full_checks_the_name_against_the_certificates_that_the_image_brings(
    database: postgres.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CERTIFICATES_VARIABLE, raising=False)
    context = connect_options(settings_of(database, database_tls="verify-full"))["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    monkeypatch.setenv(CERTIFICATES_VARIABLE, "/nowhere.pem")
    with pytest.raises(OSError, match="No such file"):
        connect_options(settings_of(database, database_tls="verify-full"))


def test_require_encrypts_without_asking_who_is_there(database: postgres.Database) -> None:
    context = connect_options(settings_of(database, database_tls="require"))["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert (context.check_hostname, context.verify_mode) == (False, ssl.CERT_NONE)


def test_disable_means_no_encryption(database: postgres.Database) -> None:
    assert connect_options(settings_of(database))["ssl"] is False


async def test_a_pool_larger_than_the_database_is_warned_of_once(
    database: postgres.Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with Database(settings_of(database, database_pool_size=1000), schema="public") as opened:
        for _ in range(2):
            await opened.check()
    assert [record.getMessage() for record in caplog.records if "DATABASE_POOL_SIZE is 1000" in record.getMessage()]
    assert len([record for record in caplog.records if "DATABASE_POOL_SIZE" in record.getMessage()]) == 1


async def test_a_pool_that_fits_is_not_warned_of(opened: Database, caplog: pytest.LogCaptureFixture) -> None:
    await opened.check()
    assert "DATABASE_POOL_SIZE" not in caplog.text


async def test_a_pool_holds_no_more_connections_than_it_is_told(opened: Database) -> None:
    rows = await asyncio.gather(*(opened.fetchrow("SELECT pg_backend_pid() AS pid, pg_sleep(0.01)") for _ in range(12)))
    assert len({row["pid"] for row in rows if row is not None}) == 2
