"""What each tier of the stack decides, where its file says nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from components.config import (
    CognitoPlan,
    DatabaseConfig,
    DatabaseEngine,
    Egress,
    GatewayConfig,
    LogLevel,
    Mfa,
    StackConfig,
    Tier,
    WebFirewallConfig,
)
from image_builds import DEFAULT_ARCHITECTURE


@dataclass(frozen=True, kw_only=True)
class TierDefaults:
    """What a tier decides for all services at once, beside the keys of the stack."""

    min_tasks: int
    max_tasks: int
    stack: StackConfig


_DEV = StackConfig(
    name="",
    region="",
    default_tags={},
    tier=Tier.DEV,
    vpc_cidr="10.20.0.0/16",
    availability_zones=2,
    egress=Egress.PUBLIC_IP,
    cpu_architecture=DEFAULT_ARCHITECTURE,
    services={},
    database=DatabaseConfig(
        engine=DatabaseEngine.POSTGRES,
        instance_class="db.t4g.micro",
        storage_gb=20,
        multi_az=False,
        backup_days=1,
        deletion_protection=False,
        rotation="",
        rotation_days=0,
    ),
    web_firewall=WebFirewallConfig(enabled=True, requests=3000, auth_requests=300),
    gateway=GatewayConfig(user_requests=600, address_requests=3000),
    monthly_budget=150,
    log_level=LogLevel.DEBUG,
    log_retention_days=14,
    access_token_minutes=15,
    refresh_token_days=30,
    cognito_plan=CognitoPlan.ESSENTIALS,
    mfa=Mfa.OPTIONAL,
)
_PROD = replace(
    _DEV,
    tier=Tier.PROD,
    vpc_cidr="10.10.0.0/16",
    availability_zones=3,
    egress=Egress.NAT_PER_AZ,
    database=replace(
        _DEV.database,
        instance_class="db.t4g.medium",
        storage_gb=50,
        multi_az=True,
        backup_days=14,
        deletion_protection=True,
        rotation_days=30,
    ),
    monthly_budget=600,
    cognito_plan=CognitoPlan.PLUS,
    log_level=LogLevel.INFO,
    log_retention_days=90,
)
_LOCAL = replace(
    _DEV,
    tier=Tier.LOCAL,
    vpc_cidr="10.30.0.0/16",
    web_firewall=replace(_DEV.web_firewall, enabled=False),
    monthly_budget=0,
    gateway=GatewayConfig(user_requests=1_000_000, address_requests=1_000_000),
    log_level=LogLevel.INFO,
    log_retention_days=1,
)

DEFAULTS: Mapping[Tier, TierDefaults] = {
    Tier.DEV: TierDefaults(min_tasks=1, max_tasks=2, stack=_DEV),
    Tier.PROD: TierDefaults(min_tasks=2, max_tasks=6, stack=_PROD),
    Tier.LOCAL: TierDefaults(min_tasks=1, max_tasks=1, stack=_LOCAL),
}
