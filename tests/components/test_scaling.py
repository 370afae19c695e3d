"""How many tasks run: by CPU, memory and requests, and none at night in dev."""

from __future__ import annotations

import pytest

from components.config import night_hours
from components.scaling import ScalingArgs
from services import catalog
from tests.support.stacks import stack


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_every_service_follows_its_cpu_memory_and_where_they_are_counted_its_requests(tier: str) -> None:
    built = stack(tier)
    for service in catalog.SERVICES:
        policies = {
            p.name.rpartition("-")[2]: p.inputs["targetTrackingScalingPolicyConfiguration"]
            for p in built.of_type("appautoscaling/policy:Policy")
            if p.name.startswith(f"sri-{tier}-{service.name}-")
        }
        assert set(policies) == {"cpu", "memory", *(["requests"] if service.edge_paths else [])}
        if service.edge_paths:
            metric = policies["requests"]["predefinedMetricSpecification"]
            label = f"app/sri-{tier}/0123/targetgroup/sri-{tier}-{service.name}/0123"
            assert (metric["predefinedMetricType"], metric["resourceLabel"]) == ("ALBRequestCountPerTarget", label)
        assert {p["scaleInCooldown"] > p["scaleOutCooldown"] for p in policies.values()} == {True}


def actions(**config: object) -> dict[str, tuple[str, dict[str, int]]]:
    return {
        action.name: (action.inputs["schedule"], action.inputs["scalableTargetAction"])
        for action in stack("dev", **config).of_type(":ScheduledAction")
    }


def test_dev_sleeps_at_night_and_on_weekends() -> None:
    found = actions(night="21-6")
    assert len(found) == 2 * len(catalog.SERVICES)
    assert found["sri-dev-data-evening"] == ("cron(0 21 * * ? *)", {"minCapacity": 0, "maxCapacity": 0})
    assert found["sri-dev-data-morning"] == ("cron(0 6 ? * MON-FRI *)", {"minCapacity": 1, "maxCapacity": 2})


def test_a_service_of_fixed_size_sleeps_too_and_its_count_is_left_alone() -> None:
    fixed = {"data": {"min_tasks": 2, "max_tasks": 2}}
    assert actions(night="21-6", services=fixed)["sri-dev-data-morning"][1] == {"minCapacity": 2, "maxCapacity": 2}
    (service,) = [
        s for s in stack("dev", night="21-6", services=fixed).of_type("ecs/service:Service") if "data" in s.name
    ]
    assert service.ignore_changes == ("desiredCount",)


def test_without_a_night_nobody_sleeps() -> None:
    assert actions(night=None) == {}
    assert stack("prod").of_type(":ScheduledAction") == []


@pytest.mark.parametrize("night", ["20", "24-5", "5-5", "a-b", "20-5-6"])
def test_a_night_that_is_none_is_refused(night: str) -> None:
    with pytest.raises(ValueError, match="write it like 20-5"):
        night_hours(night)


def test_nothing_between_the_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="leave room between them"):
        ScalingArgs(cluster_name="", service_name="", min_tasks=2, max_tasks=2).validate()


@pytest.mark.parametrize("tier", ["dev", "prod", "local"])
def test_nobody_gets_a_shell_in_a_task(tier: str) -> None:
    assert {s.inputs["enableExecuteCommand"] for s in stack(tier).of_type("ecs/service:Service")} == {False}
