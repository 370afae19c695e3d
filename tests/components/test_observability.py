"""The dashboard: made from the list of services, so that none is forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.observability import widgets
from services import catalog
from tests.support.stacks import stack


def dashboard(tier: str) -> list[dict[str, Any]]:
    (found,) = stack(tier).of_type("cloudwatch/dashboard:Dashboard")
    shown: list[dict[str, Any]] = json.loads(found.inputs["dashboardBody"])["widgets"]
    return shown


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


def test_widgets_never_cover_each_other() -> None:
    places = [(widget["x"], widget["y"]) for widget in widgets("r", "c", {str(n): "s" for n in range(9)}, "b")]
    assert len(set(places)) == len(places)
    assert all(x in (0, 12) and y % 6 == 0 for x, y in places)


def test_the_dashboards_address_is_an_output() -> None:
    assert stack("dev").outputs["dashboard_url"] == (
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#dashboards/dashboard/sri-dev"
    )
