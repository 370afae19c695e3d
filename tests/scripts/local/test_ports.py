"""The ports stay the same from run to run, as long as nobody else takes them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local import ports
from scripts.local.errors import LocalRunError
from scripts.local.ports import Ports, choose_ports
from scripts.local.processes import free_ports, is_free
from scripts.local.state import State, write_json

NAMES = ["gateway", "data"]


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path)


@pytest.fixture(params=["127.0.0.1", "::1"])
def taken(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port that somebody listens on."""
    host: str = request.param
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        port = free_ports(1)[0]
        listener.bind((host, port))
        listener.listen()
        yield port


def chosen(state: State, front_door: int | None = None) -> Ports:
    found = choose_ports(state, NAMES, front_door)
    write_json(state.run, {"ports": found.to_json()})
    return found


def test_a_second_run_has_the_same_ports(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "DEFAULT_FRONT_DOOR", free_ports(1)[0])
    assert chosen(state) == chosen(state)


def test_all_ports_differ(state: State) -> None:
    found = chosen(state)
    numbers = [found.front_door, found.cognito, found.control_plane, found.postgres, *found.services.values()]
    assert len(set(numbers)) == len(numbers) == 6
    assert all(map(is_free, numbers))


def test_a_remembered_port_that_is_taken_is_replaced(state: State, taken: int) -> None:
    found = chosen(state)
    write_json(state.run, {"ports": {**found.to_json(), "front_door": taken, "services": {"data": taken}}})
    again = chosen(state)
    assert taken not in (again.front_door, again.services["data"])
    assert again.cognito == found.cognito


def test_the_usual_front_door_gives_way_when_it_is_taken(
    state: State, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "DEFAULT_FRONT_DOOR", taken)
    assert is_free(chosen(state).front_door)


def test_a_given_front_door_that_is_taken_is_refused_with_the_way_out(state: State, taken: int) -> None:
    with pytest.raises(LocalRunError, match=rf"Port {taken} is taken by another program: .* --port"):
        chosen(state, front_door=taken)


def test_a_new_service_gets_a_port_and_the_others_keep_theirs(state: State) -> None:
    before = chosen(state)
    after = choose_ports(state, [*NAMES, "orders"], None)
    assert after.services.items() > before.services.items()
