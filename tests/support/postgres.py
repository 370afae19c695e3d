"""A real PostgreSQL for tests: one server for the test process, a fresh database for whoever asks."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from scripts.local.postgres import Cluster, Server, given_server
from scripts.local.processes import free_ports, last_lines, running

FOR_TESTS = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "max_connections": "200"}


@dataclass(frozen=True)
class Database:
    """Connection settings of one database; `user` is the server's superuser."""

    host: str
    port: int
    name: str
    user: str
    password: str

    @property
    def url(self) -> str:
        """The same as postgresql://user:password@host:port/name."""
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{self.name}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A server (host, port, user, password), the same for all tests of this process; DATABASE_URL's if it is set."""
    given = given_server()
    if given:
        yield given
        return
    with own_server(FOR_TESTS) as server:
        yield server


@contextmanager
def own_server(settings: Mapping[str, str]) -> Iterator[Server]:
    """A server of one's own for as long as the block lasts, with these settings beside the local run's."""
    with OwnPostgres.made(settings) as postgres, postgres.running() as server:
        yield server


@dataclass(frozen=True)
class OwnPostgres:
    """A cluster that can be started and stopped; it keeps its port and what it holds."""

    cluster: Cluster
    port: int
    settings: Mapping[str, str]
    log: Path

    @classmethod
    @contextmanager
    def made(cls, settings: Mapping[str, str]) -> Iterator[OwnPostgres]:
        """A new cluster, which is gone after the block."""
        with tempfile.TemporaryDirectory(prefix="postgres-") as name:
            folder = Path(name)
            folder.chmod(0o711)  # pytest's own temporary folders are closed to the server's account
            cluster = Cluster.at(folder / "data", password=uuid.uuid4().hex)
            yield cls(cluster, free_ports(1)[0], settings, folder / "postgres.log")

    @contextmanager
    def running(self, stop_signal: signal.Signals = signal.SIGINT) -> Iterator[Server]:
        """The server, once it answers. After the block it stops without waiting for clients (SIGINT) or, as in a crash,
        for anything (SIGQUIT)."""
        server = self.cluster.server(self.port)
        command = replace(self.cluster.command(server.port, self.settings), stop_signal=stop_signal)
        with running(command, self.log):
            try:
                asyncio.run(server.wait())
            except Exception as error:
                error.add_note("\n".join(last_lines(self.log)))
                raise
            yield server


@pytest.fixture
def database(postgres_server: Server) -> Iterator[Database]:
    """A fresh, empty database for one test."""
    with fresh_database(postgres_server) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def module_database(postgres_server: Server) -> Iterator[Database]:
    """A fresh, empty database that the tests of one module share."""
    with fresh_database(postgres_server) as fresh:
        yield fresh


@contextmanager
def fresh_database(server: Server) -> Iterator[Database]:
    """An empty database for as long as the block lasts."""
    name = f"test_{uuid.uuid4().hex}"
    asyncio.run(execute(server, f"CREATE DATABASE {name} TEMPLATE template0"))
    try:
        yield Database(server.host, server.port, name, server.user, server.password)
    finally:
        asyncio.run(execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


async def execute(server: Server, statement: str) -> None:
    """Run one statement as the superuser, outside of any transaction."""
    connection = await server.connect()
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
