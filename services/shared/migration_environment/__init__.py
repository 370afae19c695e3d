"""Alembic, set up once for every service: `env.py` is its environment, the revisions are the service's own."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.shared.database import ConnectOptions

LOCK_TIMEOUT = "5s"
"""A change that waits for a lock makes every later query of that table wait behind it: better fail and be repeated."""


def alembic_config(folder: Path, schema: str) -> Config:
    """The configuration for the revisions in `folder` and the tables in `schema`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("version_locations", str(folder))
    config.set_main_option("path_separator", "newline")
    config.attributes["schema"] = schema
    return config


async def upgrade(folder: Path, schema: str, options: ConnectOptions) -> None:
    """Apply the revisions that `schema` lacks, each in its own transaction; whatever the database raises otherwise."""
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
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, alembic_config(folder, schema))
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
