"""The monthly estimate: computed from the configuration, with its items, its gaps and its date."""

from __future__ import annotations

import pytest

from components.cost import prices
from tests.support.stacks import stack


def estimate(tier: str, **config: object) -> dict[str, float]:
    items: dict[str, float] = stack(tier, **config).outputs["monthly_estimate"]["items"]
    return items


def test_the_cheapest_stack_costs_what_its_parts_cost() -> None:
    # 4 tasks of 1/4 vCPU and 1/2 GB; 2 addresses of the load balancer and 4 of the tasks; 5 secrets.
    assert estimate("dev") == {
        "fargate": round(4 * (0.25 * 0.04048 + 0.5 * 0.004445) * 730, 2),
        "load_balancer": round(0.0225 * 730, 2),
        "nat_gateways": 0,
        "endpoints": 0,
        "public_addresses": round(6 * 0.005 * 730, 2),
        "database": round(0.016 * 730 + 20 * 0.115, 2),
        "web_firewall": 10.0,
        "watching": round(3.0 + 19 * 0.10, 2),
        "logs": round(4 * 0.50 + 4 * 14 / 30 * 0.03, 2),
        "secrets": 2.0,
        "private_zone": 0.5,
    }


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_the_total_is_the_sum_of_the_items(tier: str) -> None:
    whole = stack(tier).outputs["monthly_estimate"]
    assert whole["total"] == pytest.approx(sum(whole["items"].values()), abs=0.01)
    assert whole["missing"] == []
    assert whole["currency"] == "USD"
    assert "2025-06" in whole["prices"]


def test_nat_gateways_are_paid_for_each_with_an_address() -> None:
    public, one, three = (
        estimate("dev", egress=egress, availability_zones=3) for egress in ("public-ip", "nat", "nat-per-az")
    )
    assert (public["nat_gateways"], one["nat_gateways"]) == (0, round(0.045 * 730, 2))
    assert three["nat_gateways"] == round(3 * 0.045 * 730, 2)
    addresses = [round(found["public_addresses"] / (0.005 * 730)) for found in (public, one, three)]
    assert addresses == [3 + 4, 3 + 1, 3 + 3]


@pytest.mark.parametrize("config", [{}, {"database": {"engine": "aurora-serverless"}}])
@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_exactly_the_alarms_that_there_are_are_paid_for(tier: str, config: dict[str, object]) -> None:
    built = stack(tier, **config)
    alarms = len(built.of_type("cloudwatch/metricAlarm:MetricAlarm"))
    assert built.outputs["monthly_estimate"]["items"]["watching"] == round(3.0 + 0.10 * alarms, 2)


def test_every_way_out_has_its_price_whichever_is_chosen() -> None:
    chosen = stack("dev", egress="endpoints", availability_zones=3).outputs["monthly_estimate"]
    assert chosen["egress_options"] == {
        "public-ip": round(4 * 0.005 * 730, 2),
        "nat": round((0.045 + 0.005) * 730, 2),
        "nat-per-az": round(3 * (0.045 + 0.005) * 730, 2),
        "endpoints": round(5 * 3 * 0.01 * 730, 2),
    }
    assert chosen["items"]["endpoints"] == chosen["egress_options"]["endpoints"]
    other = stack("dev", egress="nat", availability_zones=3).outputs["monthly_estimate"]
    assert other["egress_options"] == chosen["egress_options"]


def test_a_standby_is_a_second_instance_with_its_own_storage() -> None:
    single, double = (estimate("dev", database={"multi_az": multi_az})["database"] for multi_az in (False, True))
    assert double == pytest.approx(2 * single, abs=0.01)


def test_arm_is_cheaper_and_more_tasks_are_dearer() -> None:
    plain = estimate("dev")["fargate"]
    assert estimate("dev", cpu_architecture="ARM64")["fargate"] < plain
    assert estimate("dev", services={"data": {"min_tasks": 2}})["fargate"] == pytest.approx(plain * 5 / 4, abs=0.02)


def test_a_class_without_a_known_price_is_named_as_missing() -> None:
    whole = stack("dev", database={"instance_class": "db.x2g.large"}).outputs["monthly_estimate"]
    assert whole["missing"] == ["database"]
    assert "database" not in whole["items"]
    assert whole["total"] == pytest.approx(sum(whole["items"].values()), abs=0.01)


def test_an_embedded_run_costs_nothing() -> None:
    assert stack("local").outputs["monthly_estimate"]["total"] == 0


def test_prices_say_where_and_when_they_are_from() -> None:
    assert {"as_of", "source"} <= set(prices())
