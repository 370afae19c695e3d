"""The database server: which binaries, as whom, where; and what is said when it cannot be had."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from scripts.local import postgres_binaries
from scripts.local.errors import LocalRunError
from scripts.local.places import made, stand_in
from scripts.local.postgres import Cluster, Server, given_server
from scripts.local.processes import Account, free_ports, running
from tests.support.platform import state_directory

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another account")


@pytest.fixture
def folder() -> Iterator[Path]:
    with state_directory() as path:
        path.mkdir(mode=0o711)
        yield path


async def version_of(server: Server) -> str:
    await server.wait()
    connection = await server.connect()
    try:
        return str(await connection.fetchval("SHOW server_version"))
    finally:
        await connection.close()


@pytest.mark.parametrize("binaries", list(dict.fromkeys(postgres_binaries.candidates())), ids=str)
def test_every_kind_of_binaries_makes_a_server(binaries: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_binaries, "candidates", lambda: iter([binaries]))
    cluster = Cluster.at(folder / "postgres", "secret")
    server = cluster.server(free_ports(1)[0])
    with running(cluster.command(server.port), folder / "log"):
        version = asyncio.run(version_of(server))
    assert version.startswith(str(postgres_binaries.major_version(binaries)))


@pytest.fixture(scope="module")
def running_cluster() -> Iterator[tuple[Cluster, psutil.Process]]:
    """A cluster whose server runs."""
    with state_directory() as path:
        path.mkdir(mode=0o711)
        cluster = Cluster.at(path / "postgres", "secret")
        server = cluster.server(free_ports(1)[0])
        with running(cluster.command(server.port), path / "log") as process:
            asyncio.run(server.wait())
            yield cluster, psutil.Process(process.pid)


def test_the_server_listens_on_loopback_alone(running_cluster: tuple[Cluster, psutil.Process]) -> None:
    connections = running_cluster[1].net_connections("all")
    listening = [connection for connection in connections if connection.status == psutil.CONN_LISTEN]
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}
    assert not [connection for connection in connections if connection.family == socket.AF_UNIX and connection.laddr]


@needs_root
def test_root_hands_the_server_to_an_account_without_rights(running_cluster: tuple[Cluster, psutil.Process]) -> None:
    assert running_cluster[1].uids().real != 0


def test_nobody_else_can_read_the_data(running_cluster: tuple[Cluster, psutil.Process]) -> None:
    assert running_cluster[0].data.stat().st_mode & 0o777 == 0o700


def test_a_database_outlives_the_server(folder: Path) -> None:
    port = free_ports(1)[0]
    for step in ("CREATE TABLE kept ()", "SELECT FROM kept"):
        cluster = Cluster.at(folder / "postgres", "secret")
        with running(cluster.command(port), folder / "log"):
            asyncio.run(execute_in(cluster.server(port), "sri", step))


async def execute_in(server: Server, database: str, statement: str) -> None:
    await server.wait()
    await server.ensure_database(database)
    connection = await server.connect(database)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@needs_root
def test_a_place_that_the_account_cannot_enter_is_replaced_by_one_it_can(folder: Path) -> None:
    folder.chmod(0o700)
    try:
        cluster = Cluster.at(folder / "postgres", "secret")
        assert cluster.data.parent == stand_in(folder / "postgres", Account.unprivileged())
        assert Cluster.at(folder / "postgres", "secret").data == cluster.data
    finally:
        shutil.rmtree(stand_in(folder / "postgres", Account.unprivileged()))


@needs_root
def test_binaries_that_the_account_cannot_read_are_copied_to_where_it_can(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = next(path for path in postgres_binaries.candidates() if "pginstall" in str(path))
    package, closed = wheel.parents[1], folder / "closed"
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(wheel.parent, closed / package.name / wheel.parent.name, symlinks=True)
    shutil.copytree(libraries, closed / libraries.name)
    closed.chmod(0o700)
    binaries = closed / package.name / wheel.parent.name / "bin"
    monkeypatch.setattr(postgres_binaries, "candidates", lambda: iter([binaries]))
    try:
        cluster = Cluster.at(folder / "postgres", "secret")
        assert cluster.binaries.is_relative_to(stand_in(folder / "postgres", Account.unprivileged()))
    finally:
        shutil.rmtree(stand_in(folder / "postgres", Account.unprivileged()))


@needs_root
def test_a_strangers_folder_in_the_place_of_ours_is_refused(folder: Path) -> None:
    foreign = folder / "foreign"
    foreign.mkdir()
    os.chown(foreign, 65534, 65534)
    with pytest.raises(LocalRunError, match="belongs to somebody else"):
        made(foreign)


def test_without_any_binaries_the_way_to_get_them_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_binaries, "candidates", lambda: iter(()))
    with pytest.raises(LocalRunError, match=r"No PostgreSQL binaries found: .*apt-get install .*DATABASE_URL"):
        Cluster.at(folder / "postgres", "secret")


def test_data_of_a_version_that_is_gone_is_not_touched(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres/PG_VERSION").write_text("9\n")
    with pytest.raises(LocalRunError, match=r"made by PostgreSQL 9, .* `make reset`"):
        Cluster.at(folder / "postgres", "secret")
    assert (folder / "postgres/PG_VERSION").exists()


def test_a_given_server_is_taken_from_its_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:p%40ss@db.example:6543/main")
    assert given_server() == Server("db.example", 6543, "ann", "p@ss", "main")
    monkeypatch.delenv("DATABASE_URL")
    assert given_server() is None


@pytest.mark.parametrize("url", ["mysql://a:b@c/d", "postgresql:///d", "postgresql://host/d", "postgresql://u@h:0x1/d"])
def test_a_url_that_names_no_server_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(LocalRunError, match="DATABASE_URL must read postgresql://"):
        given_server()


def test_a_server_that_does_not_answer_is_named(postgres_server: Server) -> None:
    nobody = Server("127.0.0.1", free_ports(1)[0], "postgres", "x")
    with pytest.raises(LocalRunError, match=f"PostgreSQL at 127.0.0.1:{nobody.port} does not answer"):
        asyncio.run(nobody.wait(patience=0.1))


def test_a_server_that_refuses_the_password_is_named(postgres_server: Server) -> None:
    stranger = Server(postgres_server.host, postgres_server.port, postgres_server.user, "wrong")
    with pytest.raises(LocalRunError, match=f"refuses {postgres_server.user}"):
        asyncio.run(stranger.wait(patience=0.1))
