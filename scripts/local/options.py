"""What the caller of `up` chose."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from scripts.local.deployed_pool import DeployedPool
from scripts.local.state import REPOSITORY, State


@dataclass(frozen=True, kw_only=True)
class Options:
    """`port` of the front door, None for any; `program` is the folder of the Pulumi program.

    `pool`: a deployed stack's, None for the emulator's. `environments`: where the services' environments are written,
    for containers that somebody else starts beside this one; None to start the services here.
    """

    state: State
    port: int | None = None
    program: Path = REPOSITORY
    docker: bool = False
    pool: DeployedPool | None = None
    environments: Path | None = None

    def to_json(self) -> str:
        """As JSON text."""
        chosen = {
            "state": str(self.state.root),
            "port": self.port,
            "program": str(self.program),
            "docker": self.docker,
            "environments": self.environments and str(self.environments),
            "pool": self.pool and self.pool.to_json(),
        }
        return json.dumps(chosen)

    @classmethod
    def from_json(cls, text: str) -> Options:
        """The reverse of `to_json`."""
        chosen = json.loads(text)
        state, program = State(Path(chosen["state"])), Path(chosen["program"])
        pool = DeployedPool(**chosen["pool"]) if chosen["pool"] else None
        environments = Path(chosen["environments"]) if chosen["environments"] else None
        return cls(
            state=state,
            port=chosen["port"],
            program=program,
            docker=chosen["docker"],
            pool=pool,
            environments=environments,
        )
