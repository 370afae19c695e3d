"""The migrate command of each service that has a database."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import CheckConstraint, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from services.catalog import SERVICES, Need, by_name
from services.shared import migrations
from services.shared.migration_environment import alembic_config
from services.shared.migrations import VERSION_TABLE, folder_of, migrate, newest_revision
from tests.support.migrated import migrated, migration_settings
from tests.support.postgres import Database

ROOT = Path(__file__).resolve().parents[3]
NAMES = [service.name for service in SERVICES if Need.DATABASE in service.needs]

each_service = pytest.mark.parametrize("name", NAMES)


def package(name: str) -> str:
    return f"services.{name}"


@each_service
def test_it_may_be_run_again(name: str, database: Database) -> None:
    settings = migration_settings(database, role(name), "first-password")
    assert [migrate(package(name), name, settings) for _ in range(3)] == [0, 0, 0]


@each_service
async def test_two_runs_at_once_do_it_once(name: str, database: Database) -> None:
    settings = migration_settings(database, role(name), "password")
    runs = [asyncio.to_thread(migrate, package(name), name, settings) for _ in range(4)]
    assert await asyncio.gather(*runs) == [0, 0, 0, 0]


@each_service
async def test_tables_and_revisions_say_the_same(name: str, database: Database) -> None:
    await asyncio.to_thread(migrated, database, package(name))
    metadata: MetaData = importlib.import_module(f"{package(name)}.tables").metadata
    engine = create_async_engine(database.url.replace("postgresql://", "postgresql+asyncpg://"))

    def differences(connection: Any) -> list[Any]:
        def ours(item: str | None, kind: str, _parents: Any) -> bool:
            return item == name if kind == "schema" else item != VERSION_TABLE

        options = {"include_schemas": True, "include_name": ours, "compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    async with engine.connect() as connection:
        found = await connection.run_sync(differences)
    await engine.dispose()
    assert found == []


@each_service
async def test_tables_name_the_same_checks_as_the_revisions(name: str, database: Database) -> None:
    """Autogenerate does not look at CHECK constraints."""
    await asyncio.to_thread(migrated, database, package(name))
    metadata: MetaData = importlib.import_module(f"{package(name)}.tables").metadata
    admin = await asyncpg.connect(database.url)
    rows = await admin.fetch(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND connamespace = $1::regnamespace", name
    )
    await admin.close()
    assert {row["conname"] for row in rows} == check_names(metadata)


def check_names(metadata: MetaData) -> set[str]:
    found = set[str]()
    for table in metadata.tables.values():
        for constraints in (table.constraints, *(column.constraints for column in table.columns)):
            found |= {str(item.name) for item in constraints if isinstance(item, CheckConstraint)}
    return found


@each_service
def test_the_newest_file_is_the_head_of_one_line_of_revisions(name: str) -> None:
    folder = folder_of(package(name))
    scripts = ScriptDirectory.from_config(alembic_config(folder, name))
    assert scripts.get_heads() == [newest_revision(folder)]
    assert len(list(scripts.walk_revisions())) == len(list(folder.glob("[0-9]*.py")))


@each_service
def test_revisions_only_go_forward(name: str) -> None:
    for path in folder_of(package(name)).glob("[0-9]*.py"):
        assert "def upgrade()" in path.read_text()
        assert "def downgrade" not in path.read_text()


@each_service
def test_with_nothing_to_do_it_loads_nothing_heavy(name: str, database: Database) -> None:
    result = migrated(database, package(name))
    settings = migration_settings(database, result.user, result.password)
    script = (
        f"import sys; from services.shared.migrations import migrate; from services.shared.settings import *\n"
        f"code = migrate('{package(name)}', '{name}', MigrationSettings.load())\n"
        "print(code, {'sqlalchemy', 'alembic', 'fastapi', 'uvicorn'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment(settings.model_dump()),
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert run.stdout.strip() == "0 set()", run.stderr


def environment(values: dict[str, Any]) -> dict[str, str]:
    """Settings as environment variables."""
    plain = {key: getattr(value, "get_secret_value", lambda value=value: value)() for key, value in values.items()}
    return {"PATH": os.environ["PATH"]} | {key.upper(): str(value) for key, value in plain.items()}


@each_service
def test_the_command_says_in_one_line_of_json_what_it_did(name: str, database: Database) -> None:
    settings = migration_settings(database, role(name), "password")
    run = subprocess.run(
        [sys.executable, "-m", package(name), "migrate"], cwd=ROOT, env=environment(settings.model_dump()),
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert lines[-1]["message"] == "the schema is up to date"
    assert lines[-1]["revision"] == newest_revision(folder_of(package(name)))
    assert "password" not in run.stdout


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"database_port": 9}, "no database answers at 127.0.0.1:9"),
        ({"database_password": "wrong"}, "refuses DATABASE_USER or DATABASE_PASSWORD"),
        ({"service_database_user": 'x"; DROP ROLE y'}, "SERVICE_DATABASE_USER must be"),
        ({"service_database_user": "X"}, "SERVICE_DATABASE_USER must be"),
    ],
)
def test_a_failure_says_what_to_look_at(
    changes: dict[str, Any],
    reason: str,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(migrations, "PATIENCE_SECONDS", 0)
    settings = migration_settings(database, role("data"), "password").model_copy(
        update={key: secret(value) for key, value in changes.items()}
    )
    assert migrate("services.data", "data", settings) == 1
    assert reason in caplog.text
    assert "Traceback" not in caplog.text


def secret(value: Any) -> Any:
    return SecretStr(value) if isinstance(value, str) else value


def test_a_database_that_is_still_starting_is_waited_for(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    connect, attempts = asyncpg.connect, []

    async def late(**options: Any) -> Any:
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionRefusedError("not yet")
        return await connect(**options)

    monkeypatch.setattr(asyncpg, "connect", late)
    assert migrate("services.data", "data", migration_settings(database, role("data"), "password")) == 0
    assert "waiting for the database" in caplog.text


def test_a_revision_that_fails_leaves_the_schema_as_it_was(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    name = role("data")
    (tmp_path / "0001_good.py").write_text(revision("0001", None, "CREATE TABLE data.good (id int)"))
    (tmp_path / "0002_bad.py").write_text(revision("0002", "0001", "CREATE TABLE data.bad (id int)", "SELECT 1/0"))
    monkeypatch.setattr(migrations, "folder_of", lambda _: tmp_path)
    assert migrate("services.data", "data", migration_settings(database, name, "password")) == 1
    assert "division by zero" in caplog.text
    rows = asyncio.run(query(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'data' ORDER BY 1"))
    assert [row[0] for row in rows] == ["alembic_version", "good"]
    assert asyncio.run(query(database, "SELECT version_num FROM data.alembic_version"))[0][0] == "0001"


def revision(number: str, before: str | None, *statements: str) -> str:
    body = "\n".join(f"    op.execute({statement!r})" for statement in statements)
    return f"from alembic import op\nrevision = {number!r}\ndown_revision = {before!r}\n\ndef upgrade():\n{body}\n"


async def query(database: Database, statement: str) -> list[Any]:
    connection = await asyncpg.connect(database.url)
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


def role(name: str) -> str:
    """A role's name that nobody else uses: roles belong to the whole server."""
    return f"{name}_{uuid.uuid4().hex[:8]}"


def test_every_service_that_needs_a_database_has_revisions_and_nobody_else_has() -> None:
    with_folders = {path.parent.name for path in (ROOT / "services").glob("*/migrations")}
    assert with_folders == set(NAMES)
    assert all(Need.DATABASE in by_name(name).needs for name in NAMES)
