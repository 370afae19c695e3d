"""The types of the stack's configuration. `config_loading` reads it over `config_defaults`, `config_rules` checks it.

Every key of the namespace `sri:` is an annotated field of `StackConfig`; the annotation says what it means to people,
and the README's table is made from it. Each tier has defaults; a stack's file says only what differs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

import pulumi

from image_builds import CpuArchitecture, ImageSources
from services import catalog


class Tier(StrEnum):
    """What a stack is for; decides every default."""

    DEV = "dev"
    PROD = "prod"
    LOCAL = "local"


class Egress(StrEnum):
    """How tasks reach AWS and the internet."""

    PUBLIC_IP = "public-ip"
    """Tasks in the public subnets, each with an address of its own: no NAT to pay for. Nobody is admitted by that."""
    NAT = "nat"
    """Tasks in private subnets behind one NAT gateway: cheaper, and lost with its zone."""
    NAT_PER_AZ = "nat-per-az"
    """Tasks in private subnets, a NAT gateway in each zone."""
    ENDPOINTS = "endpoints"
    """Tasks in private subnets that reach the AWS services they use, by interface endpoints, and nothing else."""


class LogLevel(StrEnum):
    """The least severe line a service writes."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class EdgeShape(StrEnum):
    """What stands between people and the load balancer; follows from tier and domain."""

    DOMAIN = "domain"
    """TLS at the load balancer, under the stack's own name."""
    CLOUDFRONT = "cloudfront"
    """TLS at CloudFront, under CloudFront's name; the load balancer admits CloudFront alone."""
    LOCAL = "local"
    """No TLS: the embedded run, on this machine."""

    @property
    def ports(self) -> tuple[int, ...]:
        """Where the load balancer listens."""
        return (80, 443) if self is EdgeShape.DOMAIN else (80,)


class CognitoPlan(StrEnum):
    """What the user pool can do, and costs for each user (Cognito's feature plans)."""

    ESSENTIALS = "essentials"
    PLUS = "plus"
    """Threat protection too: refuses leaked passwords, and attempts that do not look like the user's."""


class Mfa(StrEnum):
    """Whether users sign in with a code from an app beside the password."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


class DatabaseEngine(StrEnum):
    """What runs Postgres. Changing it makes an empty database: dump and load in between."""

    POSTGRES = "postgres"
    """One RDS instance of `instance_class`, with a standby where `multi_az` says so."""
    AURORA_SERVERLESS = "aurora-serverless"
    """Aurora Serverless v2: capacity follows the load; `instance_class` and `storage_gb` mean nothing to it."""


def night_hours(night: str) -> tuple[int, int]:
    """(evening, morning) of a `night` such as 20-5, as hours of UTC. Raises ValueError for what is none."""
    found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", night)
    hours = (int(found[1]), int(found[2])) if found else (24, 24)
    if max(hours) > 23 or hours[0] == hours[1]:
        raise ValueError(f"{night!r} is no night; write it like 20-5, in hours of UTC")
    return hours


class ConfigError(pulumi.RunError):
    """The stack's configuration cannot be deployed; `problems` has one sentence each, naming key and fix."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{count} in the stack's configuration:", *(f"  - {text}" for text in problems)]))


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """Size and count of one service's tasks."""

    cpu: Annotated[int, "CPU units of a task (1024 = 1 vCPU); default from the catalog"]
    memory: Annotated[int, "MiB of a task, one that Fargate has for `cpu`; default from the catalog"]
    min_tasks: Annotated[int, "tasks that always run"]
    max_tasks: Annotated[int, "tasks at most; above `min_tasks`, CPU load decides"]


@dataclass(frozen=True, kw_only=True)
class DatabaseConfig:
    """The Postgres server."""

    engine: Annotated[DatabaseEngine, "postgres (one RDS instance) or aurora-serverless (capacity follows the load)"]
    instance_class: Annotated[str, "RDS instance class, such as db.t4g.micro"]
    storage_gb: Annotated[int, "GiB of encrypted gp3 storage, 20 to 65536"]
    multi_az: Annotated[bool, "a standby in a second zone that takes over by itself"]
    backup_days: Annotated[int, "days of automatic backups, 0 (none) to 35"]
    deletion_protection: Annotated[bool, "refuse to delete the instance, and leave a final snapshot when it goes"]
    rotation: Annotated[str, "any text; another one gives each service another role and password with the next update"]
    rotation_days: Annotated[int, "days after which the next update does the same by itself; 0 for never"]


@dataclass(frozen=True, kw_only=True)
class WebFirewallConfig:
    """What is refused at the edge."""

    enabled: Annotated[bool, "AWS WAF with AWS's managed rules and limits by address"]
    requests: Annotated[int, "requests that one address may make in five minutes"]
    auth_requests: Annotated[int, "of those, to the paths of signing in; 10 or more"]


@dataclass(frozen=True, kw_only=True)
class GatewayConfig:
    """What the gateway allows its clients."""

    user_requests: Annotated[int, "requests a minute that one user may make"]
    address_requests: Annotated[int, "requests a minute that one address may make, whoever is behind it"]
    cors_origins: Annotated[str | None, "origins of other sites that may call the API, separated by commas"] = None


@dataclass(frozen=True, kw_only=True)
class LocalConfig:
    """Where the embedded run listens; it supplies this itself."""

    host: Annotated[str, "address that services listen on"] = "127.0.0.1"
    ports: Annotated[Mapping[str, int], "service name -> port"] = field(default_factory=dict)
    cognito_url: Annotated[str, "where the local user pools and their keys answer"] = ""


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """One stack's configuration. `name` is project-stack; `region` and `default_tags` are the provider's (`aws:`)."""

    name: str
    region: str
    default_tags: Mapping[str, str]

    tier: Annotated[Tier, "dev, prod or local; default: the stack's name"]
    domain: Annotated[str | None, "public host name, such as app.example.com; prod needs one"] = None
    hosted_zone: Annotated[str | None, "name of the Route 53 zone that `domain` lies in"] = None
    vpc_cidr: Annotated[str, "address range of the VPC, /16 to /23"]
    availability_zones: Annotated[int, "zones to spread over, 2 to 4"]
    egress: Annotated[Egress, "how tasks reach the internet: public-ip, nat, nat-per-az or endpoints"]
    cpu_architecture: Annotated[CpuArchitecture, "X86_64 or ARM64, for image builds and tasks alike"]
    services: Annotated[Mapping[str, ServiceConfig], "service name -> {cpu, memory, min_tasks, max_tasks}"]
    image_digests: Annotated[
        Mapping[str, str], "service name -> sha256:...: deploy that image of the repository instead of building one"
    ] = field(default_factory=dict)
    image_sources: Annotated[
        ImageSources, "{python, build, node, rds_certificates}: base images, certificates in place of the Dockerfile's"
    ] = field(default_factory=ImageSources)
    database: Annotated[
        DatabaseConfig,
        "{engine, instance_class, storage_gb, multi_az, backup_days, deletion_protection, rotation, rotation_days}",
    ]
    web_firewall: Annotated[WebFirewallConfig, "{enabled, requests, auth_requests}"]
    gateway: Annotated[GatewayConfig, "{user_requests, address_requests, cors_origins}"]
    night: Annotated[
        str | None, "hours of UTC in which no task runs, from-to, such as 20-5; then none on weekends either; not prod"
    ] = None
    github_repository: Annotated[
        str | None, "owner/name: make roles that its pull requests preview with and its environment deploys with"
    ] = None
    state_bucket: Annotated[
        str | None,
        "S3 bucket that holds the project's state; the pipeline's roles may then read it, and write their own",
    ] = None
    state_key: Annotated[str | None, "ARN of the KMS key that encrypts secrets in the state"] = None
    github_provider_exists: Annotated[bool, "another stack of the account has made GitHub's identity provider"] = False
    alarm_email: Annotated[str | None, "who is told of alarms and of the budget; confirm AWS's message once"] = None
    monthly_budget: Annotated[int, "USD a month, above which somebody is told; 0 for no budget"]
    log_level: Annotated[LogLevel, "debug, info, warning or error"]
    otlp_endpoint: Annotated[
        str | None, "https address of an OpenTelemetry collector that services send their spans to"
    ] = None
    log_retention_days: Annotated[int, "days that CloudWatch keeps logs"]
    access_token_minutes: Annotated[int, "life of an access token, 5 to 1440"]
    refresh_token_days: Annotated[int, "life of a browser session, 1 to 3650"]
    cognito_plan: Annotated[CognitoPlan, "essentials, or plus with threat protection, which is billed for each user"]
    mfa: Annotated[Mfa, "codes from an app beside the password: off, optional or required"]
    cognito_domain_prefix: Annotated[str | None, "first label of the user pool's domain; has a default"] = None
    local: Annotated[
        LocalConfig | None, "{host, ports, cognito_url}; tier local only, supplied by the embedded run"
    ] = None

    @property
    def is_prod(self) -> bool:
        """Whether people's data lives here, so that nothing may be deleted along with the stack."""
        return self.tier is Tier.PROD

    @property
    def edge_shape(self) -> EdgeShape:
        """The shape of the stack's edge."""
        if self.tier is Tier.LOCAL:
            return EdgeShape.LOCAL
        return EdgeShape.CLOUDFRONT if self.domain is None else EdgeShape.DOMAIN

    def port_of(self, service: catalog.Service) -> int:
        """The port that `service` listens on: the catalog's, or the embedded run's."""
        return service.port if self.local is None else self.local.ports[service.name]

    @property
    def listen_host(self) -> str:
        """The address that services listen on: all of a task's, or the embedded run's."""
        return "0.0.0.0" if self.local is None else self.local.host  # noqa: S104  (security groups admit who may)
