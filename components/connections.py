"""How many database connections each task may hold, so that all tasks together never ask for more than there are."""

from __future__ import annotations

from components.aurora import CAPACITY
from components.config import DatabaseEngine, StackConfig
from services import catalog

LARGEST_POOL = 20
"""More than this many statements at once make no small server faster."""
SMALLEST_POOL = 2
KEPT_FREE = 20
"""For the server's own needs (superuser_reserved_connections, RDS' own), migrations, and people."""

_GIBIBYTE = 2**30
_BYTES_PER_CONNECTION = 9_531_392
"""RDS' default: max_connections = least of DBInstanceClassMemory / 9531392 and 5000."""
_USABLE = 0.7
"""A cautious guess at what DBInstanceClassMemory counts of an instance's memory. (Services warn where it is wrong.)"""
_MOST_CONNECTIONS = 2000
_MEMORY = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16}
"""Size -> GiB that every class of that size has at least; 2xlarge has twice what xlarge has, and so on."""


def pool_size(config: StackConfig) -> int:
    """Connections of one task: a fair share of what the database has, while a deploy runs each task twice.

    Below SMALLEST_POOL the configuration does not fit together; its rules say so.
    """
    users = [service for service in catalog.SERVICES if catalog.Need.DATABASE in service.needs]
    tasks = sum(2 * config.services[service.name].max_tasks for service in users)
    return min(LARGEST_POOL, (max_connections(config) - KEPT_FREE) // max(1, tasks))


def max_connections(config: StackConfig) -> int:
    """What the database surely takes, by RDS' own rule."""
    connections = int(_gibibytes(config) * _GIBIBYTE * _USABLE / _BYTES_PER_CONNECTION)
    return min(_MOST_CONNECTIONS, connections)


def _gibibytes(config: StackConfig) -> float:
    if config.database.engine is DatabaseEngine.AURORA_SERVERLESS:
        return 2 * CAPACITY[config.is_prod][1]
    size = config.database.instance_class.rpartition(".")[2]
    times = size.removesuffix("xlarge")
    return _MEMORY["xlarge"] * int(times) if times.isdigit() else _MEMORY.get(size, 1)
