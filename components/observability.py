"""What people look at when something is wrong: one dashboard, made from the list of services."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component

_WIDTH, _HEIGHT = 12, 6


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    """`services`: catalog name -> ECS service name."""

    region: str
    cluster_name: pulumi.Input[str]
    services: Mapping[str, pulumi.Input[str]]
    load_balancer_suffix: pulumi.Input[str]


class Observability(Component):
    """A dashboard with CPU and memory of each service, and what the edge answered."""

    dashboard_url: pulumi.Output[str]

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        dashboard = self._create_dashboard()
        self.dashboard_url = pulumi.Output.concat(
            f"https://{args.region}.console.aws.amazon.com/cloudwatch/home?region={args.region}#dashboards/dashboard/",
            dashboard.dashboard_name,
        )
        self.finish()

    def _create_dashboard(self) -> aws.cloudwatch.Dashboard:
        args = self._args
        body = pulumi.Output.all(
            cluster=args.cluster_name, services=args.services, balancer=args.load_balancer_suffix
        ).apply(
            lambda known: json.dumps(
                {"widgets": widgets(args.region, known["cluster"], known["services"], known["balancer"])}
            )
        )
        return aws.cloudwatch.Dashboard(self.name, dashboard_name=self.name, dashboard_body=body, opts=self.child())


def widgets(region: str, cluster: str, services: Mapping[str, str], balancer: str) -> list[dict[str, Any]]:
    """The dashboard's widgets: the edge first, then two for each service, by name."""
    edge = "AWS/ApplicationELB"
    metrics = {
        "Edge: requests": [[edge, "RequestCount", "LoadBalancer", balancer, {"stat": "Sum"}]],
        "Edge: 5xx": [
            [edge, name, "LoadBalancer", balancer, {"stat": "Sum"}]
            for name in ("HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count")
        ],
    }
    for service, ecs_name in sorted(services.items()):
        for metric in ("CPUUtilization", "MemoryUtilization"):
            metrics[f"{service}: {metric}"] = [
                ["AWS/ECS", metric, "ClusterName", cluster, "ServiceName", ecs_name, {"stat": stat}]
                for stat in ("Average", "Maximum")
            ]
    return [
        {
            "type": "metric",
            "x": _WIDTH * (number % 2),
            "y": _HEIGHT * (number // 2),
            "width": _WIDTH,
            "height": _HEIGHT,
            "properties": {"title": title, "region": region, "period": 60, "metrics": series},
        }
        for number, (title, series) in enumerate(metrics.items())
    ]
