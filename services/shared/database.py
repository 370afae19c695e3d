"""The service's Postgres: a pool of connections that may be absent for a while without taking the service down."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypedDict

import asyncpg

from services.shared.errors import unavailable
from services.shared.settings import DatabaseAccess, DatabaseSettings

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

CONNECT_SECONDS = 2.0
ACQUIRE_SECONDS = 2.0
STATEMENT_SECONDS = 5
ANSWER_SECONDS = 6.0
"""After which a statement is given up here, though the server, which should have stopped it, is silent."""

CERTIFICATES_VARIABLE = "PGSSLROOTCERT"
"""libpq's own name for the file of certificates to trust; the image sets it to Amazon's bundle for RDS."""

NOT_AVAILABLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)
"""What says that the database cannot serve us now, rather than that the statement was wrong."""

_LIMIT = """
    SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
    AS connections
"""

log = logging.getLogger(__name__)


class ConnectOptions(TypedDict):
    """Where and as whom to connect, as asyncpg takes it."""

    host: str
    port: int
    database: str
    user: str
    password: str
    ssl: ssl.SSLContext | bool
    timeout: float


def connect_options(settings: DatabaseAccess) -> ConnectOptions:
    """The settings as asyncpg takes them."""
    return ConnectOptions(
        host=settings.database_host,
        port=settings.database_port,
        database=settings.database_name,
        user=settings.database_user.get_secret_value(),
        password=settings.database_password.get_secret_value(),
        ssl=_tls(settings.database_tls),
        timeout=CONNECT_SECONDS,
    )


def _tls(mode: str) -> ssl.SSLContext | bool:
    """libpq's sslmode of the same name; `require` encrypts without asking who is there."""
    if mode == "disable":
        return False
    context = ssl.create_default_context(cafile=os.environ.get(CERTIFICATES_VARIABLE))
    if mode == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Usage(NamedTuple):
    """Connections of the pool: in use, open but idle, and at most; and how many uses of it have failed so far."""

    busy: int
    idle: int
    limit: int
    failures: int


class Database:
    """The service's own schema. Connections are made when they are needed, so the service starts without a database;
    while there is none, each use raises the problem 503 `database_unavailable`.
    """

    def __init__(self, settings: DatabaseSettings, *, schema: str) -> None:
        self._settings = settings
        self._schema = schema
        self._warned = False
        self._failures = 0
        self._opened: asyncpg.Pool[asyncpg.Record] | None = None

    async def __aenter__(self) -> Self:
        self._opened = await asyncpg.create_pool(
            **connect_options(self._settings),
            min_size=0,
            max_size=self._settings.database_pool_size,
            command_timeout=ANSWER_SECONDS,
            reset=_nothing_to_reset,
            server_settings={
                "application_name": self._schema,
                "search_path": self._schema,
                "statement_timeout": f"{STATEMENT_SECONDS}s",
            },
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        pool, self._opened = self._opened, None
        if pool is not None:
            pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for as long as the block lasts."""
        if self._opened is None:
            raise RuntimeError("the database is used outside of `async with`")
        try:
            async with self._opened.acquire(timeout=ACQUIRE_SECONDS) as connection:
                try:
                    yield connection
                except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                    if _is_open(connection):
                        if isinstance(error, asyncpg.InterfaceError):
                            raise  # our mistake
                        # What a server says that shuts down can leave asyncpg in the middle of nothing.
                        connection.terminate()
                    raise asyncpg.ConnectionDoesNotExistError("the connection broke between two statements") from error
        except NOT_AVAILABLE as error:
            self._failures += 1
            log.warning("the database is not available", extra={"reason": f"{type(error).__name__}: {error}"})
            raise unavailable("database_unavailable", "The database cannot be reached. Try again shortly.") from error

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """All rows of one statement."""
        async with self.connection() as connection:
            return await connection.fetch(query, *arguments)

    async def fetch_planned(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """All rows of one statement, planned for just these arguments: two round trips. For a statement whose best plan
        depends on them; one that is kept would sooner or later be run by a plan that suits them all alike.
        """
        async with self.connection() as connection:
            return await (await connection.prepare(query)).fetch(*arguments)

    async def fetchrow(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        """The first row of one statement."""
        async with self.connection() as connection:
            return await connection.fetchrow(query, *arguments)

    def usage(self) -> Usage:
        """How full the pool is now."""
        size, idle = (self._opened.get_size(), self._opened.get_idle_size()) if self._opened else (0, 0)
        return Usage(size - idle, idle, self._settings.database_pool_size, self._failures)

    async def check(self) -> None:
        """A readiness check: one round trip. Warns once if the server has fewer connections than the pool may want."""
        row = await self.fetchrow(_LIMIT)
        size = self._settings.database_pool_size
        if row is not None and row["connections"] < size and not self._warned:
            self._warned = True
            log.warning(
                "DATABASE_POOL_SIZE is %d, but the database has only %d connections for all", size, row["connections"]
            )


def _is_open(connection: Connection) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # the pool has taken a broken one back
        return False


async def _nothing_to_reset(_connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """We leave no state in a session, so a returned connection needs no further round trip to clear it. (asyncpg has
    rolled back an open transaction before it asks.)"""
