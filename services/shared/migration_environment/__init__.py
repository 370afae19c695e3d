"""Alembic, set up once for every service: `env.py` is its environment, the revisions are the service's own."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.shared.database import ConnectOptions
from services.shared.migration_environment.guard import destructive_statements

LOCK_TIMEOUT = "5s"
"""A change that waits for a lock makes every later query of that table wait behind it: better fail and be repeated."""

LONGEST_SHOWN = 200


def alembic_config(folder: Path, schema: str) -> Config:
    """The configuration for the revisions in `folder` and the tables in `schema`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("version_locations", str(folder))
    config.set_main_option("path_separator", "newline")
    config.attributes["schema"] = schema
    return config


class DestructiveError(Exception):
    """A revision would take something away that the running release may need; made for people."""


async def upgrade(folder: Path, schema: str, options: ConnectOptions, *, allow_destructive: bool) -> None:
    """Apply the revisions that `schema` lacks, each in its own transaction.

    DestructiveError before a statement that is not allowed; whatever the database raises otherwise.
    """
    url = URL.create(
        "postgresql+asyncpg",
        options["user"],
        options["password"],
        options["host"],
        options["port"],
        options["database"],
    )
    engine = create_async_engine(
        url,
        poolclass=NullPool,
        connect_args={
            "ssl": options["ssl"],
            "server_settings": {"search_path": schema, "lock_timeout": LOCK_TIMEOUT, "application_name": "migrate"},
        },
    )
    if not allow_destructive:
        event.listen(engine.sync_engine, "before_cursor_execute", _refuse_destructive)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, alembic_config(folder, schema))
    finally:
        await engine.dispose()


def _refuse_destructive(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
    for destructive in destructive_statements(statement):
        raise DestructiveError(
            f"a revision would run `{destructive[:LONGEST_SHOWN]}`, which the release that is running may not survive. "
            "Once no release needs what that takes away, run the command again with --allow-destructive."
        )


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
