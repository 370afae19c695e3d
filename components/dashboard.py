"""The dashboard's content: the edge first, then the database and sign-ins, then each service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.alarms import SIGN_IN_FAILURES

_WIDTH, _HEIGHT = 12, 6


def widgets(
    region: str,
    *,
    cluster: str,
    services: Mapping[str, str],
    balancer: str,
    database: Mapping[str, str],
    namespace: str,
) -> list[dict[str, Any]]:
    """CloudWatch's widgets (Dashboard body structure in its API reference), two in a row.

    `services`: catalog name -> ECS service name; `database`: dimensions of its metrics; `namespace`: the stack's.
    """
    series = {
        **_edge_series(balancer),
        **_database_series(database),
        "Sign-ins refused": [[namespace, SIGN_IN_FAILURES, {"stat": "Sum"}]],
        **_service_series(cluster, services),
    }
    return [
        {
            "type": "metric",
            "x": _WIDTH * (number % 2),
            "y": _HEIGHT * (number // 2),
            "width": _WIDTH,
            "height": _HEIGHT,
            "properties": {"title": title, "region": region, "period": 60, "metrics": metrics},
        }
        for number, (title, metrics) in enumerate(series.items())
    ]


def _edge_series(balancer: str) -> dict[str, Any]:
    namespace, own = "AWS/ApplicationELB", ("LoadBalancer", balancer)
    return {
        "Edge: requests": [[namespace, "RequestCount", *own, {"stat": "Sum"}]],
        "Edge: 5xx": [
            [namespace, name, *own, {"stat": "Sum"}] for name in ("HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count")
        ],
        "Edge: latency": [
            [namespace, "TargetResponseTime", *own, {"stat": percentile}] for percentile in ("p50", "p95", "p99")
        ],
        "Edge: refused by rate or rule": [[namespace, "HTTPCode_ELB_4XX_Count", *own, {"stat": "Sum"}]],
    }


def _database_series(dimensions: Mapping[str, str]) -> dict[str, Any]:
    own = [part for dimension in sorted(dimensions.items()) for part in dimension]
    shown = {
        "CPU": [("CPUUtilization", "Average")],
        "connections": [("DatabaseConnections", "Maximum")],
        "latency": [("ReadLatency", "Average"), ("WriteLatency", "Average")],
        "free": [("FreeableMemory", "Minimum"), ("FreeStorageSpace", "Minimum")],
    }
    return {
        f"Database: {title}": [["AWS/RDS", metric, *own, {"stat": stat}] for metric, stat in metrics]
        for title, metrics in shown.items()
    }


def _service_series(cluster: str, services: Mapping[str, str]) -> dict[str, Any]:
    return {
        f"{service}: {metric}": [
            ["AWS/ECS", metric, "ClusterName", cluster, "ServiceName", ecs_name, {"stat": stat}]
            for stat in ("Average", "Maximum")
        ]
        for service, ecs_name in sorted(services.items())
        for metric in ("CPUUtilization", "MemoryUtilization")
    }
