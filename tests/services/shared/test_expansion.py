"""Revisions add. What takes something away needs a flag, and a release works on the schema of a later one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.shared import migrations
from services.shared.migration_environment.guard import destructive_statements
from services.shared.migrations import migrate
from tests.support.migrated import migration_settings
from tests.support.postgres import Database


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE data.more (id int NOT NULL, PRIMARY KEY (id))",
        "create  table\n data.more (id int)",
        "CREATE INDEX CONCURRENTLY i ON data.products (name)",
        "DROP INDEX CONCURRENTLY IF EXISTS data.i",
        "ALTER TABLE data.products ADD COLUMN colour text",
        "ALTER TABLE data.products ADD COLUMN colour text NOT NULL DEFAULT 'red, or DROP TABLE x; blue'",
        "ALTER TABLE data.products ADD COLUMN a numeric(10, 2), ADD COLUMN b text",
        "ALTER TABLE data.products ADD COLUMN c text GENERATED ALWAYS AS (lower(name)) STORED NOT NULL",
        'ALTER TABLE ONLY "data"."products" ALTER COLUMN name DROP NOT NULL',
        "ALTER TABLE data.products ALTER COLUMN name SET DEFAULT ''",
        "ALTER TABLE data.products DROP CONSTRAINT products_name_length",
        "ALTER TYPE data.kind ADD VALUE 'other'",
        "INSERT INTO data.products (name) VALUES ('TRUNCATE; DROP TABLE x')",
        "UPDATE data.products SET name = 'x' -- DROP TABLE products",
        "/* DELETE FROM x */ SELECT 1",
        "CREATE FUNCTION data.f() RETURNS int LANGUAGE sql AS $body$ DELETE FROM x; SELECT 1 $body$",
        "COMMENT ON TABLE data.products IS 'x'; GRANT SELECT ON data.products TO x",
    ],
)
def test_to_add_is_no_destruction(statement: str) -> None:
    assert destructive_statements(statement) == []


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE data.products",
        "drop table if exists data.products",
        "TRUNCATE data.products",
        "DELETE FROM data.products",
        "WITH gone AS (DELETE FROM data.products RETURNING *) SELECT count(*) FROM gone",
        "ALTER TABLE data.products DROP COLUMN name",
        "ALTER TABLE data.products ADD COLUMN a text, DROP COLUMN b",
        "ALTER TABLE data.products RENAME COLUMN name TO title",
        "ALTER TABLE data.products RENAME TO things",
        "ALTER TABLE data.products ALTER COLUMN price_minor TYPE int",
        "ALTER TABLE data.products ALTER COLUMN description SET NOT NULL",
        "ALTER TABLE data.products ADD COLUMN colour text NOT NULL",
        "ALTER TABLE data.products ADD CONSTRAINT c CHECK (price_minor > 0) NOT VALID",
        "ALTER TABLE data.products SET SCHEMA other",
        "CREATE UNIQUE INDEX i ON data.products (name)",
        "DROP SCHEMA data CASCADE",
        "ALTER SCHEMA data RENAME TO other",
        "CREATE TRIGGER t BEFORE INSERT ON data.products FOR EACH ROW EXECUTE FUNCTION f()",
        "DO $$ BEGIN PERFORM 1; END $$",
        "REVOKE SELECT ON data.products FROM data",
        "SELECT 1; DROP VIEW data.v",
        "SELECT '--'; DROP TABLE x",
        "SELECT '/*'; DROP TABLE x; SELECT '*/'",
    ],
)
def test_whatever_else_is_destruction(statement: str) -> None:
    assert len(destructive_statements(statement)) == 1


CREATE = "CREATE TABLE data.things (id int, name text)"
DROP = "ALTER TABLE data.things DROP COLUMN name"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service's revisions: the first one makes a table."""
    monkeypatch.setattr(migrations, "folder_of", lambda _: tmp_path)
    add_revision(tmp_path, 1, CREATE)
    return tmp_path


def add_revision(folder: Path, number: int, *statements: str) -> None:
    before = f"{number - 1:04}" if number > 1 else None
    body = "\n".join(f"    op.execute({statement!r})" for statement in statements)
    (folder / f"{number:04}_step.py").write_text(
        "from alembic import op\n"
        f"revision, down_revision = '{number:04}', {before!r}\n\n\ndef upgrade() -> None:\n{body}\n"
    )


def run(database: Database, *, allow_destructive: bool = False) -> int:
    settings = migration_settings(database, f"data_{uuid.uuid4().hex[:8]}", "password")
    return migrate("services.data", "data", settings, allow_destructive=allow_destructive)


def columns(database: Database) -> list[str]:
    async def ask() -> list[Any]:
        connection = await asyncpg.connect(database.url)
        rows = await connection.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'things' ORDER BY 1"
        )
        await connection.close()
        return rows

    return [row[0] for row in asyncio.run(ask())]


def test_a_destructive_revision_stops_a_deploy_and_changes_nothing(
    folder: Path, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    assert run(database) == 0
    add_revision(folder, 2, "ALTER TABLE data.things ADD COLUMN title text", DROP)
    assert run(database) == 1
    assert "alter table data.things drop column name" in caplog.text
    assert "--allow-destructive" in caplog.text
    assert "Traceback" not in caplog.text
    assert columns(database) == ["id", "name"]


def test_what_comes_before_the_destructive_revision_is_kept(folder: Path, database: Database) -> None:
    assert run(database) == 0
    add_revision(folder, 2, "ALTER TABLE data.things ADD COLUMN title text")
    add_revision(folder, 3, DROP)
    assert run(database) == 1
    assert columns(database) == ["id", "name", "title"]


def test_with_the_flag_it_is_done(folder: Path, database: Database) -> None:
    assert run(database) == 0
    add_revision(folder, 2, DROP)
    assert run(database, allow_destructive=True) == 0
    assert columns(database) == ["id"]


def test_operations_of_alembics_own_are_looked_at_as_well(folder: Path, database: Database) -> None:
    assert run(database) == 0
    add_revision(folder, 2)
    path = folder / "0002_step.py"
    path.write_text(path.read_text() + "    op.drop_column('things', 'name', schema='data')\n")
    assert run(database) == 1
    assert columns(database) == ["id", "name"]


def test_where_nothing_runs_yet_nothing_can_be_destroyed(folder: Path, database: Database) -> None:
    add_revision(folder, 2, DROP)
    assert run(database) == 0
    assert columns(database) == ["id"]


def test_an_older_release_leaves_a_newer_schema_alone(
    folder: Path, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    add_revision(folder, 2, "ALTER TABLE data.things ADD COLUMN title text")
    assert run(database) == 0
    (folder / "0002_step.py").unlink()
    caplog.set_level("INFO")
    assert run(database) == 0
    assert "of a later release" in caplog.text
    assert columns(database) == ["id", "name", "title"]


def test_the_command_knows_the_flag() -> None:
    command = [sys.executable, "-m", "services.data", "migrate", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
    assert "--allow-destructive" in shown


def test_an_index_whose_building_was_interrupted_is_built_again(folder: Path, database: Database) -> None:
    assert run(database) == 0
    asyncio.run(leave_invalid_index(database))
    (folder / "0002_index.py").write_text(
        "from services.shared.migration_environment.online import build_index\n"
        "revision, down_revision = '0002', '0001'\n\n\n"
        "def upgrade() -> None:\n    build_index('data', 'things_name', 'things (name)')\n"
    )
    assert run(database) == 0
    assert asyncio.run(is_valid(database, "data.things_name"))


def test_an_index_is_built_while_others_write_and_waits_for_them(folder: Path, database: Database) -> None:
    assert run(database) == 0
    (folder / "0002_index.py").write_text(
        "from services.shared.migration_environment.online import build_index\n"
        "revision, down_revision = '0002', '0001'\n\n\n"
        "def upgrade() -> None:\n    build_index('data', 'things_name', 'things (name)')\n"
    )

    async def build_beside_a_writer() -> tuple[bool, int, int]:
        writer, another = await asyncpg.connect(database.url), await asyncpg.connect(database.url)
        async with writer.transaction():
            await writer.execute("INSERT INTO data.things VALUES (1, 'before')")
            build = asyncio.ensure_future(asyncio.to_thread(run, database))
            for _ in range(500):
                await asyncio.sleep(0.02)
                if await another.fetchval("SELECT count(*) FROM pg_stat_progress_create_index"):
                    break
            await another.execute("INSERT INTO data.things VALUES (2, 'meanwhile')")
            waited = not build.done()
        code = await build
        count = await another.fetchval("SELECT count(*) FROM data.things")
        await asyncio.gather(writer.close(), another.close())
        return waited, code, count

    assert asyncio.run(build_beside_a_writer()) == (True, 0, 2)
    assert asyncio.run(is_valid(database, "data.things_name"))


async def leave_invalid_index(database: Database) -> None:
    """As an interrupted CREATE INDEX CONCURRENTLY does."""
    connection = await asyncpg.connect(database.url)
    await connection.execute("INSERT INTO data.things VALUES (1, 'same'), (2, 'same')")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("CREATE UNIQUE INDEX CONCURRENTLY things_name ON data.things (name)")
    await connection.close()
    assert not await is_valid(database, "data.things_name")


async def is_valid(database: Database, index: str) -> bool:
    connection = await asyncpg.connect(database.url)
    valid = await connection.fetchval("SELECT indisvalid FROM pg_index WHERE indexrelid = $1::text::regclass", index)
    await connection.close()
    return bool(valid)
