"""What no stack's configuration may say: pure rules, each yielding sentences that name the key and the fix."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Iterator

from components.aws_limits import (
    FARGATE_MEMORY,
    LOAD_BALANCER_ADDRESSES,
    LOG_RETENTION_DAYS,
    RESERVED_ADDRESSES,
    TARGET_GROUP_NAME,
)
from components.config import DatabaseEngine, Egress, StackConfig, Tier, night_hours
from components.connections import SMALLEST_POOL, pool_size
from services import catalog

SUBNET_BITS = 4
"""A VPC is cut into 16 equal blocks: room for four zones of each kind of subnet, and four blocks to spare."""

_A_KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def problems_of(config: StackConfig) -> Iterator[str]:
    """A sentence for each thing about `config` that cannot be deployed or must not be."""
    yield from _identity_problems(config)
    yield from _domain_problems(config)
    yield from _network_problems(config)
    yield from _web_firewall_problems(config)
    yield from _service_problems(config)
    yield from _database_problems(config)
    yield from _gateway_problems(config)
    yield from _auth_problems(config)
    yield from _watch_problems(config)
    yield from _delivery_problems(config)
    yield from _collector_problems(config)
    yield from _local_problems(config)
    if config.log_retention_days not in LOG_RETENTION_DAYS:
        days = ", ".join(map(str, LOG_RETENTION_DAYS))
        yield f"sri:log_retention_days: CloudWatch does not take {config.log_retention_days}; use one of {days}"


def _identity_problems(config: StackConfig) -> Iterator[str]:
    if not config.region:
        yield "aws:region: not set; set the region to deploy to, such as us-east-1"
    expected = {"Project": config.name.split("-", 1)[0], "Environment": config.tier.value, "ManagedBy": "pulumi"}
    for tag, value in expected.items():
        if config.default_tags.get(tag) != value:
            yield f"aws:defaultTags: tags.{tag} must be {value!r}, so that every resource says where it belongs"
    for service in catalog.SERVICES:
        name = f"{config.name}-{service.name}"
        if len(name) > TARGET_GROUP_NAME:
            yield (
                f"the stack's name: {name!r} has more than the {TARGET_GROUP_NAME} characters that names of load "
                "balancer parts leave room for; choose a shorter name for the stack"
            )


def _domain_problems(config: StackConfig) -> Iterator[str]:
    domain, zone = config.domain, config.hosted_zone
    if config.is_prod and domain is None:
        yield "sri:domain: prod needs one; set the public host name, such as app.example.com, and sri:hosted_zone"
    if config.tier is Tier.LOCAL and domain is not None:
        yield "sri:domain: tier local has none; remove it"
    if domain is None:
        if zone is not None:
            yield "sri:hosted_zone: does nothing without sri:domain; set that too, or remove this"
        return
    if not re.fullmatch(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", domain):
        yield f"sri:domain: {domain!r} is no host name in lower case; write it like app.example.com"
    if zone is None:
        yield "sri:hosted_zone: needed with sri:domain; set the name of the Route 53 zone that the domain lies in"
    elif domain != zone and not domain.endswith(f".{zone}"):
        yield f"sri:hosted_zone: {domain!r} does not lie in {zone!r}; set the zone that the domain ends with"


def _network_problems(config: StackConfig) -> Iterator[str]:
    zones = config.availability_zones
    if not 2 <= zones <= 4:
        yield f"sri:availability_zones: {zones} is not 2 to 4; the load balancer and the database need two"
        return
    try:
        network = ipaddress.IPv4Network(config.vpc_cidr)
    except ValueError as error:
        yield f"sri:vpc_cidr: {error}; write it like 10.20.0.0/16"
        return
    if not network.is_private:
        yield f"sri:vpc_cidr: {network} is not private address space; use a range in 10.0.0.0/8"
    if not 16 <= network.prefixlen <= 23:
        yield f"sri:vpc_cidr: a /{network.prefixlen} cannot be cut into subnets for 4 zones; use /16 to /23"
        return
    # A deployment runs the old and the new tasks side by side.
    tasks = 2 * sum(service.max_tasks for service in config.services.values())
    needed = math.ceil(tasks / zones) + LOAD_BALANCER_ADDRESSES
    usable = network.num_addresses // 2**SUBNET_BITS - RESERVED_ADDRESSES
    if needed > usable:
        yield (
            f"sri:vpc_cidr: {network} gives {usable} addresses in each subnet, and {tasks} tasks over {zones} zones "
            f"need {needed}; use a larger range, or lower max_tasks in sri:services"
        )
    if config.tier is Tier.LOCAL and config.egress is not Egress.PUBLIC_IP:
        yield f"sri:egress: tier local has no {config.egress.value}; remove it"


def _web_firewall_problems(config: StackConfig) -> Iterator[str]:
    firewall = config.web_firewall
    if firewall.enabled and config.tier is Tier.LOCAL:
        yield "sri:web_firewall.enabled: tier local has none; remove it"
    if config.is_prod and not firewall.enabled:
        yield "sri:web_firewall.enabled: prod cannot go without; remove it"
    if not 10 <= firewall.auth_requests <= firewall.requests <= 2_000_000_000:
        yield (
            f"sri:web_firewall.auth_requests: {firewall.auth_requests} of {firewall.requests} requests; "
            "use 10 or more, and no more than `requests`"
        )


def _service_problems(config: StackConfig) -> Iterator[str]:
    for name, service in config.services.items():
        at = f"sri:services.{name}"
        sizes = FARGATE_MEMORY.get(service.cpu)
        if sizes is None:
            yield f"{at}.cpu: Fargate has no {service.cpu}; use one of {', '.join(map(str, FARGATE_MEMORY))}"
        elif service.memory not in sizes:
            listed = sizes if isinstance(sizes, tuple) else (sizes[0], sizes[1], "...", sizes[-1])
            options = ", ".join(map(str, listed))
            yield f"{at}.memory: with cpu {service.cpu} Fargate has no {service.memory} MiB; use one of {options}"
        if service.min_tasks < (1 if config.is_prod else 0):
            yield f"{at}.min_tasks: {service.min_tasks} is too few; use at least {int(config.is_prod)}"
        if service.max_tasks < 1 or service.min_tasks > service.max_tasks:
            yield (
                f"{at}.max_tasks: {service.max_tasks} is below 1 or below min_tasks {service.min_tasks}; "
                "raise it, or lower min_tasks"
            )
    if config.night is not None:
        yield from _night_problems(config)
    for name, digest in config.image_digests.items():
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            yield f"sri:image_digests.{name}: {digest!r} is no digest; write it as sha256: and 64 hexadecimal digits"


def _night_problems(config: StackConfig) -> Iterator[str]:
    if config.tier is not Tier.DEV:
        yield f"sri:night: tier {config.tier.value} has none; remove it"
    try:
        night_hours(config.night or "")
    except ValueError as error:
        yield f"sri:night: {error}"


def _watch_problems(config: StackConfig) -> Iterator[str]:
    if config.alarm_email is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", config.alarm_email):
        yield f"sri:alarm_email: {config.alarm_email!r} is no e-mail address; write it like ops@example.com"
    if config.monthly_budget < 0:
        yield f"sri:monthly_budget: {config.monthly_budget} is below 0; use USD a month, or 0 for none"
    if config.tier is Tier.LOCAL and (config.alarm_email is not None or config.monthly_budget):
        yield "sri:monthly_budget, sri:alarm_email: tier local has neither; remove them"


def _delivery_problems(config: StackConfig) -> Iterator[str]:
    repository, bucket, key = config.github_repository, config.state_bucket, config.state_key
    if repository is not None and not re.fullmatch(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+", repository):
        yield f"sri:github_repository: {repository!r} is no repository; write it like owner/name"
    if repository is not None and config.tier is Tier.LOCAL:
        yield "sri:github_repository: tier local is deployed by nobody; remove it"
    if repository is None and (bucket or key):
        yield "sri:state_bucket, sri:state_key: for the roles of sri:github_repository alone; set that, or remove them"
    if bucket is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        yield f"sri:state_bucket: {bucket!r} is no bucket; write its name alone, such as acme-state"
    if key is not None and not re.fullmatch(r"arn:aws:kms:[a-z0-9-]+:\d{12}:key/[a-zA-Z0-9-]+", key):
        yield f"sri:state_key: {key!r} is no key; write its ARN, such as {_A_KEY}"


def _collector_problems(config: StackConfig) -> Iterator[str]:
    collector = config.otlp_endpoint
    if collector is None or config.tier is Tier.LOCAL:
        return
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(/[^?#\s]*[^?#/\s])?", collector):
        yield f"sri:otlp_endpoint: {collector!r} is out of the tasks' reach; write it like https://otlp.example.com"
    if config.egress is Egress.ENDPOINTS:
        yield "sri:otlp_endpoint: tasks reach AWS alone by sri:egress endpoints; remove it, or use nat"


def _database_problems(config: StackConfig) -> Iterator[str]:
    database = config.database
    if database.engine is not DatabaseEngine.POSTGRES and config.tier is Tier.LOCAL:
        yield f"sri:database.engine: tier local has no {database.engine.value}; remove it"
    if not re.fullmatch(r"[A-Za-z0-9._-]{0,64}", database.rotation):
        yield "sri:database.rotation: use up to 64 letters, digits, dots, hyphens and underscores, such as a date"
    if not 0 <= database.rotation_days <= 365:
        yield f"sri:database.rotation_days: {database.rotation_days} is not 0 to 365; use days, or 0 for never"
    if not re.fullmatch(r"db\.[a-z0-9-]+\.[a-z0-9]+", database.instance_class):
        yield f"sri:database.instance_class: {database.instance_class!r} is none; write it like db.t4g.micro"
    elif pool_size(config) < SMALLEST_POOL:
        yield (
            f"sri:database.instance_class: {database.instance_class} has too few connections for the `max_tasks` of "
            "sri:services; take a larger one, or fewer tasks"
        )
    if not 20 <= database.storage_gb <= 65536:
        yield f"sri:database.storage_gb: {database.storage_gb} is not 20 to 65536; RDS has no such gp3 volume"
    if not 0 <= database.backup_days <= 35:
        yield f"sri:database.backup_days: {database.backup_days} is not 0 to 35; RDS keeps no others"
    elif config.is_prod and database.backup_days == 0:
        yield "sri:database.backup_days: prod cannot go without backups; use at least 1"


def _gateway_problems(config: StackConfig) -> Iterator[str]:
    gateway = config.gateway
    for name, requests in (("user", gateway.user_requests), ("address", gateway.address_requests)):
        if requests < 1:
            yield f"sri:gateway.{name}_requests: {requests} would refuse everybody; use at least 1"
    for origin in (gateway.cors_origins or "").split(",") if gateway.cors_origins is not None else ():
        if not re.fullmatch(r"https?://[^/?#@\s]+", origin.strip()):
            yield f"sri:gateway.cors_origins: {origin!r} is no origin; write scheme and host, https://app.example.com"


def _auth_problems(config: StackConfig) -> Iterator[str]:
    if not 5 <= config.access_token_minutes <= 1440:
        yield f"sri:access_token_minutes: {config.access_token_minutes} is not 5 to 1440; Cognito issues no others"
    if not 1 <= config.refresh_token_days <= 3650:
        yield f"sri:refresh_token_days: {config.refresh_token_days} is not 1 to 3650; Cognito issues no others"
    prefix = config.cognito_domain_prefix
    if prefix is not None:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", prefix):
            yield f"sri:cognito_domain_prefix: {prefix!r} is no label of a host name; use a-z, 0-9 and inner hyphens"
        for word in ("aws", "amazon", "cognito"):
            if word in prefix:
                yield f"sri:cognito_domain_prefix: Cognito refuses prefixes with {word!r}; choose another"


def _local_problems(config: StackConfig) -> Iterator[str]:
    local = config.local
    if config.tier is not Tier.LOCAL:
        if local is not None:
            yield f"sri:local: only tier local has it, this is {config.tier.value}; remove it"
        return
    if local is None:
        yield "sri:local: missing; the embedded run supplies it: start this tier with make up, not with pulumi up"
        return
    for service in catalog.SERVICES:
        if service.name not in local.ports:
            yield f"sri:local.ports.{service.name}: missing; give each service of the catalog a port"
    for name, port in local.ports.items():
        if not 1 <= port <= 65535:
            yield f"sri:local.ports.{name}: {port} is not 1 to 65535; choose a free port"
    if len(set(local.ports.values())) < len(local.ports):
        yield "sri:local.ports: two services have the same port; give each its own"
    if not re.match(r"https?://[^/]", local.cognito_url):
        yield f"sri:local.cognito_url: {local.cognito_url!r} is no URL; write it like http://127.0.0.1:9229"
