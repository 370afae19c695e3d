"""What the migrate command lets a service do in the database, and what not."""

from __future__ import annotations

import asyncio
import base64
import re
import uuid

import asyncpg
import pytest

from services.catalog import SERVICES, Need
from services.shared.migrations import VERSION_TABLE, migrate
from services.shared.scram import scram_verifier
from tests.support.migrated import MigratedDatabase, migrated, migration_settings
from tests.support.postgres import Database

NAMES = [service.name for service in SERVICES if Need.DATABASE in service.needs]

each_service = pytest.mark.parametrize("name", NAMES)


async def connected(result: MigratedDatabase) -> asyncpg.Connection:
    """A connection as the service's own role."""
    database = result.database
    return await asyncpg.connect(
        host=database.host, port=database.port, database=database.name, user=result.user, password=result.password
    )


@each_service
async def test_the_service_can_use_its_tables_with_its_own_role(name: str, database: Database) -> None:
    result = await asyncio.to_thread(migrated, database, f"services.{name}")
    connection = await connected(result)
    tables = await tables_of(connection, name)
    assert tables
    for table in tables:
        for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            assert await connection.fetchval("SELECT has_table_privilege($1, $2)", f"{name}.{table}", privilege)
    await connection.close()


async def tables_of(connection: asyncpg.Connection, schema: str) -> list[str]:
    rows = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename <> $2", schema, VERSION_TABLE
    )
    return [row["tablename"] for row in rows]


@each_service
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE {name}.more (id int)",
        "DROP TABLE {name}.{table}",
        "ALTER TABLE {name}.{table} ADD COLUMN more int",
        "TRUNCATE {name}.{table}",
        "UPDATE {name}.alembic_version SET version_num = '0000'",
        "DELETE FROM {name}.alembic_version",
        "CREATE SCHEMA more",
        "CREATE ROLE more",
        "CREATE TABLE public.more (id int)",
        "SELECT * FROM another.secrets",
    ],
)
async def test_the_services_role_may_do_nothing_else(name: str, statement: str, module_database: Database) -> None:
    result = await asyncio.to_thread(migrated, module_database, f"services.{name}")
    admin = await asyncpg.connect(module_database.url)
    await admin.execute("CREATE SCHEMA IF NOT EXISTS another; CREATE TABLE IF NOT EXISTS another.secrets (id int)")
    table = (await tables_of(admin, name))[0]
    await admin.close()
    connection = await connected(result)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement.format(name=name, table=table))
    await connection.close()


async def test_a_new_password_replaces_the_old_one(database: Database) -> None:
    name = role("data")
    for password in ("first-password", "second-password"):
        assert (
            await asyncio.to_thread(migrate, "services.data", "data", migration_settings(database, name, password)) == 0
        )
    await (await connected(MigratedDatabase(database, name, "second-password"))).close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connected(MigratedDatabase(database, name, "first-password"))


async def test_the_server_never_gets_the_password_itself(database: Database) -> None:
    name = role("data")
    await asyncio.to_thread(migrate, "services.data", "data", migration_settings(database, name, "the-password"))
    admin = await asyncpg.connect(database.url)
    kept = await admin.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = $1", name)
    await admin.close()
    salt = re.fullmatch(r"SCRAM-SHA-256\$4096:([^$]+)\$.+", kept)
    assert salt is not None
    assert kept == scram_verifier("the-password", base64.b64decode(salt[1]))


def test_a_password_that_would_have_to_be_prepared_first_is_refused() -> None:
    with pytest.raises(ValueError, match="ASCII"):
        scram_verifier("pässword")


def role(name: str) -> str:
    """A role's name that nobody else uses: roles belong to the whole server."""
    return f"{name}_{uuid.uuid4().hex[:8]}"
