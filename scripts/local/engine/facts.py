"""What is true of the local machine and of no AWS account: the engine's only knowledge of where it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.local.engine.cloud import Cloud
from scripts.local.pool_access import PoolAccess
from scripts.local.postgres import Server
from scripts.local.state import State


@dataclass(frozen=True)
class LocalFacts:
    """`database` is the real server that stands behind the emulated RDS instance, `front_door` the host and port
    under which the browser reaches the platform; `state` keeps generated values.

    `build_image` builds an image (its reference by digest, its `build` block) where containers are run.
    `run_task` runs a task definition's command to its end, as ECS's RunTask would; it raises a LocalRunError with
    the last log lines if the command fails. `pool` is a deployed stack's, in place of one in the emulator.
    """

    database: Server
    front_door: str
    state: State
    run_task: Callable[[Cloud, str], None]
    build_image: Callable[[str, Mapping[str, Any]], None] | None = None
    pool: PoolAccess | None = None
