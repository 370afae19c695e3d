"""The dashboard and the alarms: made from the list of services, so that none is forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.budget import BudgetArgs
from components.dashboard import widgets
from services import catalog
from tests.support.stacks import Recorded, Stack, stack

WATCHED = ("dev", "prod")


def dashboard(tier: str) -> list[dict[str, Any]]:
    (found,) = stack(tier).of_type("cloudwatch/dashboard:Dashboard")
    shown: list[dict[str, Any]] = json.loads(found.inputs["dashboardBody"])["widgets"]
    return shown


def alarms(built: Stack) -> dict[str, Recorded]:
    return {alarm.name: alarm for alarm in built.of_type("cloudwatch/metricAlarm:MetricAlarm")}


@pytest.mark.parametrize("tier", ["dev", "prod", "local"])
def test_every_service_has_its_cpu_and_its_memory(tier: str) -> None:
    titles = [widget["properties"]["title"] for widget in dashboard(tier)]
    for service in catalog.SERVICES:
        assert f"{service.name}: CPUUtilization" in titles
        assert f"{service.name}: MemoryUtilization" in titles


def test_the_edges_failures_come_first() -> None:
    first, second = dashboard("prod")[:2]
    assert first["properties"]["title"] == "Edge: requests"
    metrics = [series[1] for series in second["properties"]["metrics"]]
    assert metrics == ["HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count"]
    assert all(series[3] == "app/sri-prod/0123" for series in second["properties"]["metrics"])


def test_the_database_is_shown_by_its_own_name() -> None:
    (cpu,) = [widget for widget in dashboard("prod") if widget["properties"]["title"] == "Database: CPU"]
    assert cpu["properties"]["metrics"][0][:4] == ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "sri-prod"]


def test_widgets_never_cover_each_other() -> None:
    shown = widgets(
        "r", cluster="c", services={str(n): "s" for n in range(9)}, balancer="b", database={"d": "i"}, namespace="n"
    )
    places = [(widget["x"], widget["y"]) for widget in shown]
    assert len(set(places)) == len(places)
    assert all(x in (0, 12) and y % 6 == 0 for x, y in places)


def test_the_dashboards_address_is_an_output() -> None:
    assert stack("dev").outputs["dashboard_url"] == (
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#dashboards/dashboard/sri-dev"
    )


@pytest.mark.parametrize("tier", WATCHED)
def test_every_service_and_everything_it_stands_on_has_alarms(tier: str) -> None:
    expected = {"edge-5xx", "sign-in", "database-cpu", "database-memory", "database-storage"}
    for service in catalog.SERVICES:
        expected |= {f"{service.name}-cpu", f"{service.name}-memory"}
        if service.edge_paths:
            expected |= {f"{service.name}-{what}" for what in ("5xx", "latency", "unhealthy")}
    if tier == "prod":
        expected.add("certificate")
    assert set(alarms(stack(tier))) == {f"sri-{tier}-{name}" for name in expected}


@pytest.mark.parametrize("tier", WATCHED)
def test_every_alarm_says_what_it_means_and_is_heard(tier: str) -> None:
    for alarm in alarms(stack(tier)).values():
        assert alarm.inputs["alarmDescription"].endswith("What to do: docs/aws.md")
        (topic,) = alarm.inputs["alarmActions"]
        assert topic.endswith(f":sri-{tier}-alarms")
        assert alarm.inputs["okActions"] == [topic]
        assert alarm.inputs["datapointsToAlarm"] <= alarm.inputs["evaluationPeriods"]
        assert alarm.inputs["evaluationPeriods"] * alarm.inputs["period"] <= 86400  # CloudWatch takes no more
        assert ("statistic" in alarm.inputs) != ("extendedStatistic" in alarm.inputs)


def test_an_added_service_is_watched_without_another_word() -> None:
    assert stack("local").of_type("cloudwatch/metricAlarm:MetricAlarm") == []
    assert stack("local").of_type("sns/topic:Topic") == []


@pytest.mark.parametrize("tier", WATCHED)
def test_a_deployment_that_raises_its_services_alarms_is_taken_back(tier: str) -> None:
    known = set(alarms(stack(tier)))
    for service in catalog.SERVICES:
        inputs = stack(tier).one("ecs/service:Service", f"sri-{tier}-{service.name}").inputs
        if not service.edge_paths:
            assert "alarms" not in inputs
            continue
        assert inputs["alarms"]["alarmNames"] == [f"sri-{tier}-{service.name}-{what}" for what in ("5xx", "latency")]
        assert (inputs["alarms"]["enable"], inputs["alarms"]["rollback"]) == (True, True)
        assert set(inputs["alarms"]["alarmNames"]) <= known


@pytest.mark.parametrize("tier", WATCHED)
def test_only_the_accounts_own_alarms_and_budgets_may_publish(tier: str) -> None:
    (policy,) = stack(tier).of_type("sns/topicPolicy:TopicPolicy")
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert statement["Principal"] == {"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_whoever_is_named_is_told_by_mail() -> None:
    (subscription,) = stack("dev", alarm_email="ops@example.com").of_type(":TopicSubscription")
    assert (subscription.inputs["protocol"], subscription.inputs["endpoint"]) == ("email", "ops@example.com")
    assert stack("dev").of_type(":TopicSubscription") == []


@pytest.mark.parametrize(("tier", "limit"), [("dev", "150"), ("prod", "600")])
def test_the_budget_speaks_up_before_the_month_ends_above_it(tier: str, limit: str) -> None:
    (budget,) = stack(tier).of_type("budgets/budget:Budget")
    assert budget.inputs["limitAmount"] == limit
    told = {(n["notificationType"], n["threshold"]) for n in budget.inputs["notifications"]}
    assert told == {("ACTUAL", 80), ("FORECASTED", 100)}
    assert float(limit) > stack(tier).outputs["monthly_estimate"]["total"], "the defaults are above their own budget"


def test_a_stack_may_go_without_a_budget() -> None:
    assert stack("dev", monthly_budget=0).of_type("budgets/budget:Budget") == []
    with pytest.raises(ValueError, match="use 1 USD or more"):
        BudgetArgs(limit=0, environment="dev", topic_arn="").validate()


def test_refused_sign_ins_are_counted_from_the_log_of_who_answers_them() -> None:
    (found,) = stack("prod").of_type(":LogMetricFilter")
    assert found.inputs["logGroupName"] == "/sri/prod/identity"
    assert found.inputs["pattern"] == ('{ $.message = "request" && $.path = "/api/v1/auth/login" && $.status = 401 }')
    (alarm,) = [a for a in alarms(stack("prod")).values() if a.name == "sri-prod-sign-in"]
    metric = found.inputs["metricTransformation"]
    assert (alarm.inputs["namespace"], alarm.inputs["metricName"]) == (metric["namespace"], metric["name"])
