"""The stack's configuration: defaults by tier, and every refusal names the key and the fix."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.aws_limits import FARGATE_MEMORY
from components.config import ConfigError, DatabaseConfig, LocalConfig, ServiceConfig, StackConfig
from components.config_loading import keys_of
from services import catalog
from tests.support.stacks import LOCAL, attempted, build, stack


def problems(tier: str, /, **config: Any) -> list[str]:
    """The sentences with which the program refuses `config`; nothing may have been registered before."""
    built, error = attempted(tier, **config)
    assert isinstance(error, ConfigError), f"accepted: {config}"
    assert built.resources == [], "a resource was registered before the configuration was checked"
    return error.problems


SERVICE = {"cpu": 256, "memory": 512, "min_tasks": 1, "max_tasks": 2}
PIPELINE = {"github_repository": "o/n"}

REFUSALS: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("a misspelt key", "dev", {"log_levle": "info"}, "sri:log_levle: no such key", "did you mean log_level?"),
    ("a key like no other", "dev", {"qqq": 1}, "sri:qqq: no such key", "use one of tier, domain"),
    ("a misspelt nested key", "dev", {"database": {"multiaz": True}}, "sri:database.multiaz", "did you mean multi_az?"),
    ("a tier that is none", "dev", {"tier": "staging"}, "sri:tier: 'staging' is not one of", "dev, prod, local"),
    ("an unknown service", "dev", {"services": {"gatway": {}}}, "sri:services.gatway", "did you mean gateway?"),
    ("services as a list", "dev", {"services": ["gateway"]}, "sri:services", "must be an object"),
    ("a service as a number", "dev", {"services": {"data": 3}}, "sri:services.data", "must be an object"),
    ("a text for a number", "dev", {"log_retention_days": "ten"}, "sri:log_retention_days", "a whole number"),
    ("true for a number", "dev", {"database": {"storage_gb": True}}, "sri:database.storage_gb", "a whole number"),
    ("a number for true", "dev", {"database": {"multi_az": 1}}, "sri:database.multi_az", "true or false"),
    ("an empty domain", "dev", {"domain": " "}, "sri:domain", "a text that is not empty"),
    (
        "memory that Fargate does not have",
        "dev",
        {"services": {"data": {"memory": 4096}}},
        "sri:services.data.memory: with cpu 256 Fargate has no 4096 MiB",
        "512, 1024, 2048",
    ),
    ("cpu that Fargate does not have", "dev", {"services": {"data": {"cpu": 300}}}, "data.cpu", "256, 512, 1024"),
    ("more tasks at least than at most", "dev", {"services": {"data": {"min_tasks": 9}}}, "data.max_tasks", "lower"),
    ("no task at all", "dev", {"services": {"data": {"min_tasks": 0, "max_tasks": 0}}}, "data.max_tasks", "raise it"),
    ("prod without a running task", "prod", {"services": {"data": {"min_tasks": 0}}}, "data.min_tasks", "at least 1"),
    ("prod without a domain", "prod", {"domain": None, "hosted_zone": None}, "sri:domain: prod needs one", "set"),
    ("a domain without its zone", "dev", {"domain": "a.example.com"}, "sri:hosted_zone: needed", "Route 53 zone"),
    ("a zone without a domain", "dev", {"hosted_zone": "example.com"}, "sri:hosted_zone: does nothing", "remove"),
    (
        "a domain outside its zone",
        "prod",
        {"hosted_zone": "example.org"},
        "'app.example.com' does not lie in 'example.org'",
        "set the zone",
    ),
    ("a domain that only looks inside its zone", "prod", {"domain": "badexample.com"}, "does not lie in", "set"),
    ("a domain in upper case", "prod", {"domain": "App.example.com"}, "sri:domain: 'App.example.com'", "lower case"),
    ("one zone", "dev", {"availability_zones": 1}, "sri:availability_zones: 1", "2 to 4"),
    ("a range that is none", "dev", {"vpc_cidr": "10.0.0.0/33"}, "sri:vpc_cidr", "write it like"),
    ("a range with host bits", "dev", {"vpc_cidr": "10.0.0.1/16"}, "sri:vpc_cidr", "has host bits set"),
    ("a public range", "dev", {"vpc_cidr": "8.8.0.0/16"}, "sri:vpc_cidr", "not private"),
    ("a range too small for zones", "dev", {"vpc_cidr": "10.0.0.0/24"}, "sri:vpc_cidr: a /24", "/16 to /23"),
    (
        "a range too small for tasks",
        "dev",
        {"vpc_cidr": "10.0.0.0/23", "services": {"data": {**SERVICE, "max_tasks": 40}}},
        "sri:vpc_cidr: 10.0.0.0/23 gives 27 addresses",
        "lower max_tasks",
    ),
    ("a tiny disk", "dev", {"database": {"storage_gb": 5}}, "sri:database.storage_gb: 5", "20 to 65536"),
    ("too many backups", "dev", {"database": {"backup_days": 36}}, "sri:database.backup_days: 36", "0 to 35"),
    ("prod without backups", "prod", {"database": {"backup_days": 0}}, "sri:database.backup_days", "at least 1"),
    (
        "more tasks than the database has connections for",
        "dev",
        {"services": {"data": {**SERVICE, "max_tasks": 30}}},
        "sri:database.instance_class: db.t4g.micro has too few connections",
        "fewer tasks",
    ),
    ("a class that is none", "dev", {"database": {"instance_class": "t4g.micro"}}, "instance_class", "db.t4g.micro"),
    ("no requests at all", "dev", {"gateway": {"user_requests": 0}}, "sri:gateway.user_requests: 0", "at least 1"),
    ("a page for an origin", "dev", {"gateway": {"cors_origins": "https://a.b/c"}}, "cors_origins", "write scheme"),
    ("a collector in clear text", "dev", {"otlp_endpoint": "http://otlp.example.com"}, "sri:otlp_endpoint", "https://"),
    (
        "a collector by another port",
        "dev",
        {"otlp_endpoint": "https://a.b:4318"},
        "out of the tasks' reach",
        "https://",
    ),
    (
        "a collector that no task reaches",
        "dev",
        {"otlp_endpoint": "https://a.b", "egress": "endpoints"},
        "sri:otlp_endpoint: tasks reach AWS alone",
        "use nat",
    ),
    ("a log life CloudWatch lacks", "dev", {"log_retention_days": 10}, "sri:log_retention_days", "7, 14, 30"),
    ("a log level that is none", "dev", {"log_level": "trace"}, "sri:log_level: 'trace'", "debug, info"),
    ("an access token for a minute", "dev", {"access_token_minutes": 4}, "sri:access_token_minutes: 4", "5 to 1440"),
    ("an access token for days", "dev", {"access_token_minutes": 1441}, "sri:access_token_minutes", "5 to 1440"),
    ("a session without end", "dev", {"refresh_token_days": 3651}, "sri:refresh_token_days: 3651", "1 to 3650"),
    ("a reserved Cognito prefix", "dev", {"cognito_domain_prefix": "my-aws"}, "refuses prefixes with 'aws'", "choose"),
    ("a Cognito prefix no host has", "dev", {"cognito_domain_prefix": "A_b"}, "sri:cognito_domain_prefix", "use a-z"),
    ("a digest that is a tag", "dev", {"image_digests": {"data": "latest"}}, "sri:image_digests.data", "sha256:"),
    ("local in another tier", "dev", {"local": LOCAL}, "sri:local: only tier local has it", "remove it"),
    ("tier local without local", "local", {"local": None}, "sri:local: missing", "make up"),
    ("a domain in tier local", "local", {"domain": "a.b.com", "hosted_zone": "b.com"}, "sri:domain: tier", "remove"),
    ("NAT in tier local", "local", {"egress": "nat"}, "sri:egress: tier local has no nat", "remove it"),
    ("a port that is none", "local", {"local": {**LOCAL, "ports": {"data": 70000}}}, "ports.data: 70000", "1 to 65535"),
    ("a service without a port", "local", {"local": {**LOCAL, "ports": {}}}, "ports.gateway: missing", "a port"),
    (
        "two services on one port",
        "local",
        {"local": {**LOCAL, "ports": {service.name: 41001 for service in catalog.SERVICES}}},
        "sri:local.ports: two services",
        "its own",
    ),
    ("no URL for Cognito", "local", {"local": {**LOCAL, "cognito_url": "127.0.0.1"}}, "sri:local.cognito_url", "http"),
    ("a repository that is none", "dev", {"github_repository": "x"}, "sri:github_repository: 'x'", "owner/name"),
    ("a repository in tier local", "local", {"github_repository": "o/n"}, "deployed by nobody", "remove it"),
    ("a night in prod", "prod", {"night": "20-5"}, "sri:night: tier prod has none", "remove it"),
    ("a night that is none", "dev", {"night": "evening"}, "sri:night: 'evening' is no night", "write it like 20-5"),
    ("an address that is none", "dev", {"alarm_email": "ops"}, "sri:alarm_email: 'ops'", "ops@example.com"),
    ("a budget below nothing", "dev", {"monthly_budget": -1}, "sri:monthly_budget: -1", "0 for none"),
    ("a budget in tier local", "local", {"monthly_budget": 5}, "tier local has neither", "remove them"),
    ("Aurora in tier local", "local", {"database": {"engine": "aurora-serverless"}}, "sri:database.engine", "remove"),
    ("a rotation in two years", "prod", {"database": {"rotation_days": 730}}, "rotation_days: 730", "0 for never"),
    ("a state of nobody's", "dev", {"state_bucket": "acme-state"}, "sri:state_bucket, sri:state_key", "or remove them"),
    ("a bucket that is none", "dev", {**PIPELINE, "state_bucket": "s3://b"}, "'s3://b' is no bucket", "acme-state"),
    ("a key that is none", "dev", {**PIPELINE, "state_key": "alias/x"}, "'alias/x' is no key", "arn:aws:kms:"),
    ("a rotation that is none", "dev", {"database": {"rotation": "a b"}}, "sri:database.rotation", "such as a date"),
    ("a plan that is none", "dev", {"cognito_plan": "lite"}, "sri:cognito_plan: 'lite' is not one of", "plus"),
    ("prod without a web firewall", "prod", {"web_firewall": {"enabled": False}}, "sri:web_firewall.enabled", "remove"),
    ("a web firewall in tier local", "local", {"web_firewall": {"enabled": True}}, "tier local has none", "remove it"),
    ("too low a limit", "dev", {"web_firewall": {"auth_requests": 5}}, "auth_requests: 5 of 3000", "10 or more"),
    ("a part above the whole", "dev", {"web_firewall": {"requests": 100}}, "300 of 100", "no more than `requests`"),
    ("no region", "dev", {"aws:region": None}, "aws:region: not set", "us-east-1"),
    ("tags that are none", "dev", {"aws:defaultTags": "Project"}, "aws:defaultTags: tags.Project", "must be 'sri'"),
    ("no tags", "prod", {"aws:defaultTags": None}, "aws:defaultTags: tags.Environment must be 'prod'", "belongs"),
]


@pytest.mark.parametrize(("tier", "config", "naming", "fix"), [c[1:] for c in REFUSALS], ids=[c[0] for c in REFUSALS])
def test_a_configuration_that_cannot_be_deployed_is_refused_with_key_and_fix(
    tier: str, config: dict[str, Any], naming: str, fix: str
) -> None:
    found = problems(tier, **config)
    assert any(naming in problem and fix in problem for problem in found), found


def test_all_problems_come_in_one_error() -> None:
    found = problems("dev", log_levle="info", access_token_minutes=2, database={"storage_gb": 1}, egress="nut")
    keys = ["sri:log_levle", "sri:egress", "sri:access_token_minutes", "sri:database.storage_gb"]
    assert [next(key for key in keys if problem.startswith(key)) for problem in found] == [
        "sri:egress",
        "sri:log_levle",
        "sri:database.storage_gb",
        "sri:access_token_minutes",
    ]


def test_the_error_is_one_that_pulumi_prints_without_a_stack_trace() -> None:
    _, error = attempted("dev", log_level="trace")
    assert str(error) == (
        "1 problem in the stack's configuration:\n"
        "  - sri:log_level: 'trace' is not one of debug, info, warning, error; use one of debug, info, warning, error"
    )


def test_more_zones_than_the_region_has_are_refused() -> None:
    settings = {
        "aws:region": "us-east-9",
        "aws:defaultTags": json.dumps({"tags": {"Project": "sri", "Environment": "dev", "ManagedBy": "pulumi"}}),
    }
    built, error = build("dev", settings)
    assert isinstance(error, ConfigError)
    assert error.problems == ["sri:availability_zones: us-east-9 has 0 zones; lower it, or choose another region"]
    assert [resource.name for resource in built.resources if resource.custom] == []


def test_a_stack_of_another_name_must_say_its_tier() -> None:
    _, error = build("feature", {"aws:region": "us-east-1"})
    assert isinstance(error, ConfigError)
    assert any("the stack's name 'feature' is none of dev, prod, local; set one of them" in p for p in error.problems)


def test_a_stack_name_that_leaves_no_room_for_load_balancer_names_is_refused() -> None:
    tags = json.dumps({"tags": {"Project": "sri", "Environment": "dev", "ManagedBy": "pulumi"}})
    _, error = build("a-rather-long-name", {"sri:tier": "dev", "aws:region": "us-east-1", "aws:defaultTags": tags})
    assert isinstance(error, ConfigError)
    assert any("'sri-a-rather-long-name-gateway'" in p and "shorter name" in p for p in error.problems)


def test_top_level_values_arrive_as_text_and_count_all_the_same() -> None:
    built = stack("dev", log_retention_days="30", database='{"multi_az": "true"}')
    assert {group.inputs["retentionInDays"] for group in built.of_type(":LogGroup")} == {30}
    (instance,) = built.of_type("rds/instance:Instance")
    assert instance.inputs["multiAz"] is True


def test_a_services_settings_overlay_only_what_they_name() -> None:
    built = stack("dev", services={"data": {"cpu": 512, "memory": 1024}})
    sizes = {task.name: (task.inputs["cpu"], task.inputs["memory"]) for task in built.of_type(":TaskDefinition")}
    assert sizes["sri-dev-data"] == sizes["sri-dev-data-migrate"] == ("512", "1024")
    assert sizes["sri-dev-gateway"] == ("256", "512")


@pytest.mark.parametrize("kind", [StackConfig, ServiceConfig, DatabaseConfig, LocalConfig])
def test_every_key_says_what_it_means(kind: type) -> None:
    assert keys_of(kind)
    assert all(len(meaning) > 10 for _, meaning in keys_of(kind).values())


def test_the_fargate_table_has_the_pairs_at_its_edges() -> None:
    edges = {cpu: (min(sizes), max(sizes)) for cpu, sizes in FARGATE_MEMORY.items()}
    assert edges == {
        256: (512, 2048),
        512: (1024, 4096),
        1024: (2048, 8192),
        2048: (4096, 16384),
        4096: (8192, 30720),
        8192: (16384, 61440),
        16384: (32768, 122880),
    }
