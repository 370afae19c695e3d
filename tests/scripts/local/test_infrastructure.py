"""The servers under the services, and what becomes of the database when one is given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local.errors import LocalRunError
from scripts.local.infrastructure import SUPERUSER_SECRET, find_database, infrastructure, lets_us_in
from scripts.local.ports import choose_ports
from scripts.local.postgres import Server
from scripts.local.processes import free_ports
from scripts.local.registry import Registry
from scripts.local.state import State
from tests.support.platform import state_directory


@pytest.fixture
def state() -> Iterator[State]:
    with state_directory() as folder:
        made = State(folder)
        made.create()
        yield made


async def names_of_parts(state: State) -> list[str]:
    database = await find_database(state, 20_000)
    parts = infrastructure(state, choose_ports(state, []), Registry(state), print, database)
    return [part.name for part in parts]


async def test_a_given_database_server_is_used_and_none_is_started(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:secret@db.example:6543/main")
    server, cluster = await find_database(state, 20_000)
    assert (server, cluster) == (Server("db.example", 6543, "ann", "secret", "main"), None)
    assert await names_of_parts(state) == ["control-plane", "cognito"]


async def test_our_own_database_server_has_a_password_that_nobody_chose(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    server, _ = await find_database(state, 20_000)
    again, _ = await find_database(state, 20_000)
    assert again == server
    assert server.password == state.kept_secret(SUPERUSER_SECRET)
    assert len(server.password) >= 32
    assert await names_of_parts(state) == ["control-plane", "cognito", "postgres"]


async def test_a_server_that_does_not_run_lets_nobody_in() -> None:
    assert not await lets_us_in(Server("127.0.0.1", free_ports(1)[0], "postgres", "x"))


async def test_a_kept_password_that_does_not_fit_is_told_with_the_way_out(postgres_server: Server) -> None:
    stranger = Server(postgres_server.host, postgres_server.port, postgres_server.user, "wrong")
    with pytest.raises(LocalRunError, match=r"does not take the password .* `make reset`"):
        await lets_us_in(stranger)


def test_secrets_are_kept_side_by_side(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.keep_secret("a", "1")
    state.keep_secret("b", "2")
    assert (state.kept_secret("a"), state.kept_secret("b"), state.kept_secret("c")) == ("1", "2", None)
