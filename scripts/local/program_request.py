"""What the process that runs the program is told."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from scripts.local.deployed_pool import DeployedPool
from scripts.local.postgres import Server


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the program's run needs to know of this machine; `service_ports`: service -> port.

    `registry`: host and port of the registry of images where containers are run, "" for processes.
    `pool`: that of a deployed stack; `cognito_url` is where its keys are then.
    """

    program: str
    state: str
    control_plane_url: str
    cognito_url: str
    front_door: str
    database: Server
    service_ports: dict[str, int]
    registry: str = ""
    pool: DeployedPool | None = None

    def to_json(self) -> str:
        """As JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Request:
        """The reverse of `to_json`."""
        content = json.loads(text)
        pool = content["pool"] and DeployedPool(**content["pool"])
        return cls(**{**content, "database": Server(**content["database"]), "pool": pool})
