"""The ports of the local platform: the ones of the last run where they are free, so that bookmarks and cookies last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from scripts.local.errors import LocalRunError
from scripts.local.processes import free_ports, is_free
from scripts.local.state import State, read_json

DEFAULT_FRONT_DOOR = 8080


@dataclass(frozen=True, kw_only=True)
class Ports:
    """A port of 127.0.0.1 for each part; `services`: name -> port."""

    front_door: int
    control_plane: int
    cognito: int
    postgres: int
    registry: int
    services: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def choose_ports(state: State, services: Iterable[str], front_door: int | None = None) -> Ports:
    """Free ports, `front_door` if it is given. LocalRunError if that one is taken."""
    remembered: dict[str, Any] = read_json(state.run).get("ports", {})
    of_services: dict[str, int] = remembered.get("services", {})
    wanted = {
        "control_plane": remembered.get("control_plane"),
        "cognito": remembered.get("cognito"),
        "postgres": remembered.get("postgres"),
        "registry": remembered.get("registry"),
        **{f"services.{name}": of_services.get(name) for name in services},
    }
    chosen: dict[str, int] = {"front_door": choose_front_door(front_door, remembered.get("front_door"))}
    for name, port in wanted.items():
        taken = set(chosen.values())
        usable = port if port and port not in taken and is_free(port) else None
        chosen[name] = usable or next(other for other in free_ports(len(taken) + 1) if other not in taken)
    prefix = "services."
    return Ports(
        front_door=chosen["front_door"],
        control_plane=chosen["control_plane"],
        cognito=chosen["cognito"],
        postgres=chosen["postgres"],
        registry=chosen["registry"],
        services={name.removeprefix(prefix): port for name, port in chosen.items() if name.startswith(prefix)},
    )


def choose_front_door(given: int | None, last: int | None) -> int:
    """The port that people type: the given one, the last one, 8080, or any."""
    if given is not None:
        if not is_free(given):
            raise LocalRunError(
                f"Port {given} is taken by another program: stop that one, choose another port with --port, "
                "or leave --port out and a free one is found."
            )
        return given
    for port in (last, DEFAULT_FRONT_DOOR):
        if port and is_free(port):
            return port
    return free_ports(1)[0]
