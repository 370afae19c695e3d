"""`migrate`: makes the service's role and schema, brings the schema's tables to the newest revision, and grants.

Runs as the database's master, before the service's new version starts. It may be repeated and run twice at once.

Revisions are files `services/<name>/migrations/<number>_<what>.py`, one after the other; `services/<name>/tables.py`
says what they amount to. They only go forward: the version of a service that runs while and after a deploy is rolled
back must work on the newer schema (expand first, contract in a later release), so there is no downgrade.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import logging
import re
import time
from pathlib import Path

import asyncpg

from services.shared.database import ConnectOptions, connect_options
from services.shared.scram import scram_verifier
from services.shared.settings import MigrationSettings

PATIENCE_SECONDS = 60
"""How long to wait for a database that is still starting."""
LOCK_SECONDS = 300
"""How long to wait for another run of the same migration."""
LOCK_PAUSE_SECONDS = 0.1

VERSION_TABLE = "alembic_version"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")

log = logging.getLogger(__name__)


class MigrationError(Exception):
    """Why the schema is not what the service needs; made for people."""


def migrate(package: str, name: str, settings: MigrationSettings, *, allow_destructive: bool = False) -> int:
    """Bring the schema `name` up to date with the revisions in `package`. The exit code: 0, or 1 after saying why.

    Steps that the running release may not survive are refused unless `allow_destructive`, or nothing runs yet.
    """
    started = time.perf_counter()
    try:
        revision = asyncio.run(_migrate(folder_of(package), name, settings, allow_destructive))
    except MigrationError as error:
        log.error("the migration failed: %s", error)
        return 1
    except Exception:
        log.exception("the migration failed")
        return 1
    log.info(
        "the schema is up to date", extra={"revision": revision, "seconds": round(time.perf_counter() - started, 2)}
    )
    return 0


def folder_of(package: str) -> Path:
    """The folder of the revisions of the service in `package`, such as services.data."""
    found = importlib.util.find_spec(f"{package}.migrations")
    if found is None or not found.submodule_search_locations:
        raise MigrationError(f"{package} has no folder `migrations`")
    return Path(next(iter(found.submodule_search_locations)))


def newest_revision(folder: Path) -> str:
    """The number that the last revision's file name begins with; known without loading Alembic, which takes long."""
    numbers = sorted(path.name.partition("_")[0] for path in folder.glob("[0-9]*_*.py"))
    if not numbers:
        raise MigrationError(f"there is no revision in {folder}")
    return numbers[-1]


async def _migrate(folder: Path, schema: str, settings: MigrationSettings, allow_destructive: bool) -> str:
    newest = newest_revision(folder)
    options = connect_options(settings)
    connection = await _connect(options)
    try:
        await _lock(connection, schema)
        role = await _ensure_role(connection, settings)
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}")
        current = await _current_revision(connection, schema)
        if current is not None and current > newest:
            log.info("the schema is of a later release, and good for this one too", extra={"revision": current})
        elif current != newest:
            log.info("migrating", extra={"schema": schema, "from": current, "to": newest})
            await _upgrade(folder, schema, options, allow_destructive=allow_destructive or current is None)
        await connection.execute(_grants(_quoted(schema), role))
    finally:
        await connection.close()  # and with it goes the lock
    return newest


async def _connect(options: ConnectOptions) -> asyncpg.Connection[asyncpg.Record]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await asyncpg.connect(**options)
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError) as error:
            where = f"{options['host']}:{options['port']}"
            reason = str(error) or type(error).__name__
            if time.monotonic() >= deadline:
                raise MigrationError(
                    f"no database answers at {where} (DATABASE_HOST, DATABASE_PORT): {reason}"
                ) from error
            log.info("waiting for the database", extra={"address": where, "reason": reason})
            await asyncio.sleep(1)
        except asyncpg.InvalidAuthorizationSpecificationError as error:
            raise MigrationError(f"the database refuses DATABASE_USER or DATABASE_PASSWORD: {error}") from error


async def _lock(connection: asyncpg.Connection[asyncpg.Record], schema: str) -> None:
    key = int.from_bytes(hashlib.sha256(f"migrate {schema}".encode()).digest()[:8], signed=True)
    deadline = time.monotonic() + LOCK_SECONDS
    # To wait inside the server would hold a snapshot, which the builder of an index would wait for in turn.
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", key):
        if time.monotonic() >= deadline:
            raise MigrationError(f"another migration of {schema} has been running for {LOCK_SECONDS} s")
        await asyncio.sleep(LOCK_PAUSE_SECONDS)


async def _ensure_role(connection: asyncpg.Connection[asyncpg.Record], settings: MigrationSettings) -> str:
    """Create the service's role, or give it the password of the secret. Its name, quoted."""
    name = settings.service_database_user.get_secret_value()
    if not _NAME.fullmatch(name):
        raise MigrationError("SERVICE_DATABASE_USER must be lower case letters, digits and underscores")
    role = _quoted(name)
    # The server gets the verifier, not the password: statements that change roles often end up in its log.
    verifier = scram_verifier(settings.service_database_password.get_secret_value())
    exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name)
    await connection.execute(f"{'ALTER' if exists else 'CREATE'} ROLE {role} LOGIN PASSWORD '{verifier}'")
    return role


async def _current_revision(connection: asyncpg.Connection[asyncpg.Record], schema: str) -> str | None:
    table = f"{_quoted(schema)}.{VERSION_TABLE}"
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", table):
        return None
    row = await connection.fetchrow(f"SELECT version_num FROM {table}")  # noqa: S608 (quoted, and not from outside)
    return str(row["version_num"]) if row else None


async def _upgrade(folder: Path, schema: str, options: ConnectOptions, *, allow_destructive: bool) -> None:
    # Half a second that most runs can save.
    from services.shared.migration_environment import DestructiveError, upgrade  # noqa: PLC0415

    try:
        await upgrade(folder, schema, options, allow_destructive=allow_destructive)
    except DestructiveError as error:
        raise MigrationError(str(error)) from error


def _grants(schema: str, role: str) -> str:
    """The service reads and writes rows; the tables belong to the master."""
    return f"""
        GRANT USAGE ON SCHEMA {schema} TO {role};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
        REVOKE INSERT, UPDATE, DELETE ON {schema}.{VERSION_TABLE} FROM {role};
    """


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
