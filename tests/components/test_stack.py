"""The whole stack of each tier: what it registers, what it says, what it keeps to itself."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections import Counter

import pytest

import components
from components.component import Component
from services import catalog
from services.catalog import Need, Service
from tests.support.stacks import Recorded, build, settings_of, stack

TIERS = ("dev", "prod", "local")
OUTPUTS = {
    "region",
    "url",
    "api_url",
    "cognito_user_pool_id",
    "cognito_user_pool_client_id",
    "cognito_domain",
    "cognito_issuer",
    "cognito_jwks_url",
    "ecr_repository_urls",
    "image_digests",
    "cluster_name",
    "service_names",
    "database_endpoint",
    "log_group_names",
    "environments",
    "dashboard_url",
    "monthly_estimate",
}


@pytest.mark.parametrize("tier", TIERS)
def test_every_tier_registers_with_unique_names(tier: str) -> None:
    resources = stack(tier).resources
    counted = Counter((resource.type, resource.name) for resource in resources)
    assert [key for key, count in counted.items() if count > 1] == []
    assert sum(resource.custom for resource in resources) > 100


@pytest.mark.parametrize("tier", TIERS)
def test_the_outputs_are_exactly_those_that_others_read(tier: str) -> None:
    built = stack(tier)
    assert set(built.outputs) == OUTPUTS
    assert None not in built.outputs.values()


@pytest.mark.parametrize("tier", TIERS)
def test_no_output_is_a_secret_or_holds_one(tier: str) -> None:
    built = stack(tier)
    assert built.secret_outputs == ()
    assert not re.search(r"the-client-secret|the-registry-password", json.dumps(built.outputs))


@pytest.mark.parametrize("tier", TIERS)
def test_outputs_by_service_name_every_service(tier: str) -> None:
    outputs = stack(tier).outputs
    for name in ("ecr_repository_urls", "image_digests", "service_names", "log_group_names"):
        assert sorted(outputs[name]) == sorted(service.name for service in catalog.SERVICES)


@pytest.mark.parametrize(
    ("tier", "url"),
    [
        ("dev", "https://d111111abcdef8.cloudfront.net"),
        ("prod", "https://app.example.com"),
        ("local", "http://sri-local-1234567890.us-east-1.elb.amazonaws.com"),
    ],
)
def test_the_public_origin_is_one_value_in_lower_case(tier: str, url: str) -> None:
    built = stack(tier)
    assert built.outputs["url"] == url
    assert built.outputs["api_url"] == f"{url}/api/v1"
    origins = {c.environment["PUBLIC_ORIGIN"] for c in built.containers() if "PUBLIC_ORIGIN" in c.environment}
    assert origins == {url}


def test_dev_with_a_domain_needs_no_cloudfront() -> None:
    built = stack("dev", domain="dev.example.com", hosted_zone="example.com")
    assert built.outputs["url"] == "https://dev.example.com"
    assert built.of_type(":Distribution") == []


def test_tier_local_makes_nothing_that_only_a_cloud_needs() -> None:
    types = {resource.type for resource in stack("local").resources}
    for absent in (
        "cloudfront",
        "natGateway",
        "appautoscaling",
        "acm",
        "route53",
        "wafv2",
        "s3/",
        "flowLog",
        "sns",
        "budgets",
        "metricAlarm",
    ):
        assert not [kind for kind in types if absent in kind]


@pytest.mark.parametrize("tier", TIERS)
def test_nothing_is_registered_outside_a_component(tier: str) -> None:
    loose = [r.name for r in stack(tier).resources if r.custom and "sri:" not in r.parent]
    assert loose == []


def test_components_have_the_type_of_their_file_and_class() -> None:
    types = {resource.type for resource in stack("dev").resources if not resource.custom}
    assert {"sri:network:Network", "sri:service:FargateService", "sri:distribution:Distribution"} <= types


def test_every_component_can_be_imported() -> None:
    modules = [
        importlib.import_module(f"components.{found.name}") for found in pkgutil.iter_modules(components.__path__)
    ]
    classes = [c for m in modules for c in vars(m).values() if isinstance(c, type) and issubclass(c, Component)]
    assert len(set(classes)) > 10


@pytest.mark.parametrize("tier", TIERS)
def test_no_resource_is_given_a_secret_in_the_clear(tier: str) -> None:
    secrets = ("the-client-secret", "the-registry-password")
    for resource in stack(tier).resources:
        for name, value in resource.inputs.items():
            if any(secret in json.dumps(value) for secret in secrets):
                assert name in resource.secret_inputs, f"{resource.type} {resource.name}.{name} is plain"


@pytest.mark.parametrize("tier", TIERS)
def test_a_service_starts_only_after_its_migration_and_its_routes(tier: str) -> None:
    built = stack(tier)
    for service in catalog.SERVICES:
        ecs = built.one("ecs/service:Service", f"sri-{tier}-{service.name}")
        assert depends_on(ecs, "MigrationRun") == int(Need.DATABASE in service.needs)
        assert depends_on(ecs, "ListenerRule") == len(service.edge_paths)


@pytest.mark.parametrize("tier", TIERS)
def test_nothing_runs_before_routes_rules_and_permissions_are_there(tier: str) -> None:
    built = stack(tier)
    routes = len(built.of_type("ec2/route:Route"))
    rules = len(built.of_type("vpc/securityGroupIngressRule:SecurityGroupIngressRule"))
    for runner in [*built.of_type("ecs/service:Service"), *built.of_type(":MigrationRun")]:
        assert depends_on(runner, "Route") == routes
        assert depends_on(runner, "SecurityGroupIngressRule") == rules
    for task in built.of_type(":TaskDefinition"):
        assert depends_on(task, "RolePolicy") == (2 if task.inputs.get("taskRoleArn") else 1)


def depends_on(resource: Recorded, kind: str) -> int:
    return sum(urn.split("::")[2].endswith(f":{kind}") for urn in resource.depends_on)


def test_counts_follow_the_configuration_only_where_scaling_is_off() -> None:
    scaled = stack("dev").one("ecs/service:Service", "sri-dev-data")
    fixed = stack("dev", night=None, services={"data": {"min_tasks": 3, "max_tasks": 3}})
    assert scaled.ignore_changes == ("desiredCount",)
    service = fixed.one("ecs/service:Service", "sri-dev-data")
    assert (service.inputs["desiredCount"], service.ignore_changes) == (3, ())
    scaled_names = {target.name for target in fixed.of_type("appautoscaling/target:Target")}
    assert scaled_names == {"sri-dev-gateway", "sri-dev-identity", "sri-dev-frontend"}


@pytest.mark.parametrize("tier", TIERS)
def test_a_deployment_that_fails_rolls_back_by_itself(tier: str) -> None:
    for service in stack(tier).of_type("ecs/service:Service"):
        assert service.inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
        assert service.inputs["waitForSteadyState"] is (tier != "local")


@pytest.mark.parametrize(
    ("tier", "kinds"),
    [
        ("prod", {"aws:cognito/userPool:UserPool", "aws:rds/instance:Instance"}),
        ("dev", {"aws:cognito/userPool:UserPool"}),
        ("local", set()),
    ],
)
def test_what_pulumi_refuses_to_delete_or_replace_before_it_asks_aws(tier: str, kinds: set[str]) -> None:
    assert {resource.type for resource in stack(tier).resources if resource.protect} == kinds


def test_adding_a_service_is_one_entry_in_the_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = Service(name="mail", port=8010, api_paths=("/api/v1/mail",), needs=frozenset({Need.DATABASE}))
    monkeypatch.setattr(catalog, "SERVICES", (*catalog.SERVICES, extra))
    digests = {service.name: f"sha256:{'0' * 64}" for service in catalog.SERVICES}
    built, error = build("dev", settings_of("dev", {"image_digests": digests}))
    assert error is None
    assert built.outputs["service_names"]["mail"] == "sri-dev-mail"
    containers = {(c.service, c.kind): c for c in built.containers()}
    assert {("mail", "serve"), ("mail", "migrate")} <= set(containers)
    assert containers["gateway", "serve"].environment["MAIL_URL"] == "http://mail.sri-dev.internal:8010"
    assert {r.name for r in built.of_type(":SecurityGroupIngressRule") if "mail" in r.name} == {
        "sri-dev-mail-from-gateway",
        "sri-dev-database-from-mail",
    }


def test_a_service_that_is_called_has_a_name_and_others_have_none() -> None:
    named = {service.inputs["name"] for service in stack("prod").of_type("servicediscovery/service:Service")}
    assert named == {"identity", "data"}
