"""What the stack costs in a month when nobody uses it much: computed from its configuration, before anything is made.

Traffic, and tasks beyond `min_tasks`, come on top. Prices are in prices.json, with their date.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from components.aurora import CAPACITY
from components.config import DatabaseEngine, Egress, StackConfig
from components.endpoints import ENDPOINT_SERVICES
from services import catalog
from services.catalog import Need

LOG_GB_PER_TASK = 1.0
"""Assumed logs of one task in a month, in GB."""


def prices() -> dict[str, Any]:
    """The price list."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))
    return loaded


def monthly_estimate(config: StackConfig) -> dict[str, Any]:
    """USD a month by item, their `total`, and whose prices they are; `missing` names items without a known price."""
    if config.local is not None:
        return {
            "currency": "USD",
            "total": 0.0,
            "complete": True,
            "items": {},
            "prices": "nothing here is billed",
        }
    price = prices()
    items = {
        "fargate": _fargate(config, price),
        "load_balancer": price["load_balancer_hour"] * price["hours_per_month"],
        "nat_gateways": _nat_gateways(config) * price["nat_gateway_hour"] * price["hours_per_month"],
        "endpoints": _endpoints(config) * price["endpoint_hour"] * price["hours_per_month"],
        "public_addresses": _public_addresses(config) * price["public_ipv4_hour"] * price["hours_per_month"],
        "database": _database(config, price),
        "logs": _logs(config, price),
        "web_firewall": _web_firewall(config, price),
        "watching": price["dashboard_month"] + alarm_count(config) * price["alarm_month"],
        "secrets": _secrets() * price["secret_month"],
        "private_zone": price["hosted_zone_month"],
    }
    known = {name: round(cost, 2) for name, cost in items.items() if cost is not None}
    return {
        "currency": "USD",
        "total": round(sum(known.values()), 2),
        "items": known,
        "egress_options": egress_options(config),
        "missing": [name for name in items if name not in known],
        "prices": f"{price['source']}, {price['as_of']}",
    }


def egress_options(config: StackConfig) -> dict[str, float]:
    """USD a month at rest of each way out that `sri:egress` knows, for this stack's zones and tasks.

    NAT and endpoints also bill each gigabyte (`nat_gb`, `endpoint_gb`), public addresses do not.
    """
    price = prices()

    def cost(choice: StackConfig) -> float:
        hourly = (
            _nat_gateways(choice) * price["nat_gateway_hour"]
            + _endpoints(choice) * price["endpoint_hour"]
            + (_public_addresses(choice) - choice.availability_zones) * price["public_ipv4_hour"]
        )
        return round(float(hourly * price["hours_per_month"]), 2)

    return {egress.value: cost(replace(config, egress=egress)) for egress in Egress}


def _endpoints(config: StackConfig) -> int:
    """Interface endpoints are paid for in each zone; the gateway endpoint of S3 is free."""
    return len(ENDPOINT_SERVICES) * config.availability_zones if config.egress is Egress.ENDPOINTS else 0


def _tasks(config: StackConfig) -> int:
    return sum(service.min_tasks for service in config.services.values())


def _fargate(config: StackConfig, price: Mapping[str, Any]) -> float:
    architecture = config.cpu_architecture.value
    hourly = sum(
        service.min_tasks
        * (
            service.cpu / 1024 * price["fargate_vcpu_hour"][architecture]
            + service.memory / 1024 * price["fargate_gb_hour"][architecture]
        )
        for service in config.services.values()
    )
    return float(hourly * price["hours_per_month"])


def _nat_gateways(config: StackConfig) -> int:
    return {Egress.NAT: 1, Egress.NAT_PER_AZ: config.availability_zones}.get(config.egress, 0)


def _public_addresses(config: StackConfig) -> int:
    """One of the load balancer in each zone, and one of each NAT gateway or, without those, of each task."""
    tasks = _tasks(config) if config.egress is Egress.PUBLIC_IP else 0
    return config.availability_zones + _nat_gateways(config) + tasks


def _database(config: StackConfig, price: Mapping[str, Any]) -> float | None:
    if config.database.engine is DatabaseEngine.AURORA_SERVERLESS:
        instances = 2 if config.database.multi_az else 1
        least, _ = CAPACITY[config.is_prod]
        return float(instances * least * price["aurora_unit_hour"] * price["hours_per_month"])
    hourly = price["database_hour"].get(config.database.instance_class)
    if hourly is None:
        return None
    instances = 2 if config.database.multi_az else 1
    storage = config.database.storage_gb * price["database_gb_month"]
    return float(instances * (hourly * price["hours_per_month"] + storage))


def _logs(config: StackConfig, price: Mapping[str, Any]) -> float:
    monthly = _tasks(config) * LOG_GB_PER_TASK
    stored = monthly * config.log_retention_days / 30
    return float(monthly * price["log_gb_ingested"] + stored * price["log_gb_month_stored"])


def _web_firewall(config: StackConfig, price: Mapping[str, Any]) -> float:
    rules = 5  # two limits and three managed groups
    return (
        0.0 if not config.web_firewall.enabled else float(price["web_acl_month"] + rules * price["web_acl_rule_month"])
    )


def alarm_count(config: StackConfig) -> int:
    """How many alarms the stack has: of edge, sign-ins and database, of its certificate, and of each service."""
    has_storage = config.database.engine is DatabaseEngine.POSTGRES
    public = sum(bool(service.edge_paths) for service in catalog.SERVICES)
    return 4 + int(has_storage) + int(config.domain is not None) + 2 * len(catalog.SERVICES) + 3 * public


def _secrets() -> int:
    """The app client's, the session keys, the database's master, and one role for each service with a schema."""
    return 3 + sum(Need.DATABASE in service.needs for service in catalog.SERVICES)
