"""What is true of the local machine and of no AWS account: the engine's only knowledge of where it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.images.registry import Manifest
from scripts.local.engine.cloud import Cloud
from scripts.local.pool_access import PoolAccess
from scripts.local.postgres import Server
from scripts.local.state import State


@dataclass(frozen=True)
class LocalFacts:
    """`database` is the real server that stands behind the emulated RDS instance, `front_door` the host and port
    under which the browser reaches the platform; `state` keeps generated values.

    `registry` is the host and port of the registry of images where containers are run, and `publish` has an image (its
    name with tag, its `build` block) built and pushed there, and gives its manifest.
    `run_task` runs a task definition's command to its end, as ECS's RunTask would; it raises a LocalRunError with
    the last log lines if the command fails. `pool` is a deployed stack's, in place of one in the emulator.
    """

    database: Server
    front_door: str
    state: State
    run_task: Callable[[Cloud, str], None]
    registry: str = ""
    publish: Callable[[str, Mapping[str, Any]], Manifest] | None = None
    pool: PoolAccess | None = None
