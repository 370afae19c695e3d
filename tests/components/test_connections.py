"""Each task's pool of database connections: all together they fit the database, also while a deploy doubles them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from components.config import DatabaseEngine, ServiceConfig, StackConfig, Tier
from components.config_defaults import DEFAULTS
from components.connections import KEPT_FREE, LARGEST_POOL, SMALLEST_POOL, max_connections, pool_size
from services.catalog import SERVICES, Need
from tests.support.stacks import stack

NAME = "DATABASE_POOL_SIZE"

NOMINAL: Mapping[str, int] = {"db.t4g.micro": 112, "db.t4g.small": 225, "db.t4g.medium": 450, "db.r6g.large": 1802}
"""What RDS' rule gives for the whole memory of the class, of which a part is not counted."""


def config_with(tier: Tier, *, max_tasks: int, instance_class: str) -> StackConfig:
    base = DEFAULTS[tier].stack
    service = ServiceConfig(cpu=256, memory=512, min_tasks=1, max_tasks=max_tasks)
    database = replace(base.database, instance_class=instance_class)
    return replace(base, services={each.name: service for each in SERVICES}, database=database)


@pytest.mark.parametrize("instance_class", NOMINAL)
def test_fewer_connections_are_counted_on_than_the_rule_gives_for_all_of_the_memory(instance_class: str) -> None:
    counted = max_connections(config_with(Tier.DEV, max_tasks=1, instance_class=instance_class))
    assert NOMINAL[instance_class] / 4 < counted < NOMINAL[instance_class] * 0.75


@pytest.mark.parametrize("instance_class", ["db.t4g.micro", "db.t4g.medium", "db.m7g.2xlarge", "db.unheard.of"])
@pytest.mark.parametrize("max_tasks", [1, 2, 6])
def test_all_pools_together_fit_while_a_deploy_runs_every_task_twice(instance_class: str, max_tasks: int) -> None:
    config = config_with(Tier.PROD, max_tasks=max_tasks, instance_class=instance_class)
    size = pool_size(config)
    if size < SMALLEST_POOL:
        pytest.skip("refused by the configuration's rules")
    users = [service for service in SERVICES if Need.DATABASE in service.needs]
    assert size * 2 * max_tasks * len(users) + KEPT_FREE <= max_connections(config)
    assert size <= LARGEST_POOL


def test_a_larger_instance_gives_larger_pools_up_to_a_limit() -> None:
    sizes = [
        pool_size(config_with(Tier.PROD, max_tasks=6, instance_class=f"db.t4g.{size}"))
        for size in ("micro", "small", "medium", "large", "xlarge", "2xlarge")
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]
    assert sizes[-1] == LARGEST_POOL


def test_aurora_counts_by_its_largest_capacity() -> None:
    config = config_with(Tier.PROD, max_tasks=6, instance_class="db.t4g.micro")
    database = replace(config.database, engine=DatabaseEngine.AURORA_SERVERLESS)
    assert pool_size(replace(config, database=database)) == LARGEST_POOL


@pytest.mark.parametrize("tier", ["dev", "prod", "local"])
def test_every_task_with_a_database_is_told_the_size_of_its_pool(tier: str) -> None:
    told = {c.environment[NAME] for c in stack(tier).containers() if NAME in c.environment}
    assert len(told) == 1
    assert SMALLEST_POOL <= int(told.pop()) <= LARGEST_POOL
