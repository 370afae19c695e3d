"""What the stack's real program made, read back from the emulators through boto3."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import boto3
import psutil
import pytest

from scripts import write_env
from scripts.dotenv.block import assignments
from scripts.local import control_plane
from scripts.local.registry import Registry
from scripts.local.state import State, read_json
from services import catalog
from tests.support.platform import Platform

Ask = Callable[[str], Any]


@pytest.fixture
def outputs(platform: Platform) -> dict[str, Any]:
    return read_json(platform.state_dir / "outputs.json")


@pytest.fixture
def client(platform: Platform, outputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """boto3 clients by service name."""
    run = read_json(platform.state_dir / "run.json")
    found = control_plane.environment(run["control_plane_url"], run["cognito_url"], outputs["region"])
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return cast("Ask", boto3.client)


@pytest.fixture
def rules(client: Ask, outputs: dict[str, Any]) -> list[dict[str, Any]]:
    """The security group rules of the stack's network, with group names for ids."""
    ec2 = client("ec2")
    groups = {group["GroupId"]: group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"]}
    found = ec2.describe_security_group_rules()["SecurityGroupRules"]
    return [
        {
            "group": groups[rule["GroupId"]].removeprefix(f"{outputs['cluster_name']}-"),
            "out": rule["IsEgress"],
            "port": rule["FromPort"],
            "other": groups.get(rule.get("ReferencedGroupInfo", {}).get("GroupId"), rule.get("CidrIpv4")),
        }
        for rule in found
        if groups[rule["GroupId"]] != "default"
    ]


def containers(client: Ask, outputs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """service -> its task definition with its one container."""
    ecs = client("ecs")
    names = list(outputs["service_names"].values())
    described = ecs.describe_services(cluster=outputs["cluster_name"], services=names)["services"]
    definitions = [ecs.describe_task_definition(taskDefinition=item["taskDefinition"]) for item in described]
    return {item["taskDefinition"]["containerDefinitions"][0]["name"]: item["taskDefinition"] for item in definitions}


def test_weak_passwords_are_refused_by_the_pool(client: Ask, outputs: dict[str, Any]) -> None:
    pool = client("cognito-idp").describe_user_pool(UserPoolId=outputs["cognito_user_pool_id"])["UserPool"]
    policy = pool["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] >= 12
    assert all(policy[f"Require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers"))
    assert pool["UsernameAttributes"] == ["email"]
    assert pool["AutoVerifiedAttributes"] == ["email"]


def test_only_the_identity_service_can_sign_users_in_and_not_for_long(client: Ask, outputs: dict[str, Any]) -> None:
    app = client("cognito-idp").describe_user_pool_client(
        UserPoolId=outputs["cognito_user_pool_id"], ClientId=outputs["cognito_user_pool_client_id"]
    )["UserPoolClient"]
    assert app["ClientSecret"]
    assert app["ExplicitAuthFlows"] == ["ALLOW_USER_PASSWORD_AUTH"]
    assert app["TokenValidityUnits"]["AccessToken"] == "minutes"
    assert 5 <= app["AccessTokenValidity"] <= 15
    assert app["PreventUserExistenceErrors"] == "ENABLED"
    assert app["EnableTokenRevocation"] is True


def test_the_admin_group_is_there(client: Ask, outputs: dict[str, Any]) -> None:
    groups = client("cognito-idp").list_groups(UserPoolId=outputs["cognito_user_pool_id"])["Groups"]
    assert [group["GroupName"] for group in groups] == ["admin"]


def test_the_public_reaches_nothing_but_the_edge(rules: list[dict[str, Any]]) -> None:
    open_to_all = {rule["group"] for rule in rules if not rule["out"] and rule["other"] == "0.0.0.0/0"}
    assert open_to_all == {"edge"}


def test_only_services_with_a_database_reach_it(rules: list[dict[str, Any]], outputs: dict[str, Any]) -> None:
    prefix = f"{outputs['cluster_name']}-"
    allowed = {rule["other"] for rule in rules if rule["group"] == "database" and not rule["out"]}
    wanted = {prefix + service.name for service in catalog.SERVICES if catalog.Need.DATABASE in service.needs}
    assert allowed == wanted
    assert {rule["port"] for rule in rules if rule["group"] == "database"} == {5432}


def test_the_database_talks_to_nobody_by_itself(rules: list[dict[str, Any]]) -> None:
    assert [rule for rule in rules if rule["group"] == "database" and rule["out"]] == []


def test_each_task_reads_its_own_secrets_alone(client: Ask, outputs: dict[str, Any]) -> None:
    iam = client("iam")
    for service, definition in containers(client, outputs).items():
        role = definition["executionRoleArn"].rpartition("/")[2]
        [policy] = iam.list_role_policies(RoleName=role)["PolicyNames"]
        statements = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
        allowed = [s for s in statements if "secretsmanager:GetSecretValue" in s["Action"]]
        secrets = definition["containerDefinitions"][0]["secrets"]
        wanted = {":".join(secret["valueFrom"].split(":")[:7]) for secret in secrets}
        assert {arn for statement in allowed for arn in statement["Resource"]} == wanted, service


def test_containers_run_read_only_without_root(client: Ask, outputs: dict[str, Any]) -> None:
    for definition in containers(client, outputs).values():
        container = definition["containerDefinitions"][0]
        assert container["readonlyRootFilesystem"] is True
        assert container["user"] not in ("", "0", "root")


def test_no_secret_is_a_plain_variable(client: Ask, outputs: dict[str, Any]) -> None:
    for definition in containers(client, outputs).values():
        plain = {item["name"] for item in definition["containerDefinitions"][0]["environment"]}
        assert not {name for name in plain if "SECRET" in name or "PASSWORD" in name or "KEYS" in name}


def test_every_task_runs_an_image_that_its_repository_lists(client: Ask, outputs: dict[str, Any]) -> None:
    ecr = client("ecr")
    for service, definition in containers(client, outputs).items():
        image = definition["containerDefinitions"][0]["image"]
        repository, _, digest = image.partition("@")
        assert image == outputs["image_digests"][service]
        assert repository == outputs["ecr_repository_urls"][service]
        name = repository.partition("/")[2]
        assert digest in [item["imageDigest"] for item in ecr.describe_images(repositoryName=name)["imageDetails"]]


def test_logs_are_not_kept_for_ever(client: Ask, outputs: dict[str, Any]) -> None:
    for name in outputs["log_group_names"].values():
        [group] = client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        assert group["retentionInDays"] >= 1


def test_the_listener_hides_operations_before_it_routes_by_the_catalog(client: Ask) -> None:
    balancers = client("elbv2")
    [balancer] = balancers.describe_load_balancers()["LoadBalancers"]
    [listener] = balancers.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    rules = balancers.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    ordered = sorted((rule for rule in rules if not rule["IsDefault"]), key=lambda rule: int(rule["Priority"]))
    patterns = [rule["Conditions"][0]["PathPatternConfig"]["Values"] for rule in ordered]
    assert set(patterns[0]) >= {"/health", "/metrics"}
    assert patterns[1:] == [[path] for path, _ in catalog.edge_routes()]


def test_the_master_secret_belongs_to_the_real_server(client: Ask, outputs: dict[str, Any]) -> None:
    [instance] = client("rds").describe_db_instances()["DBInstances"]
    arn = instance["MasterUserSecret"]["SecretArn"]
    stored = json.loads(client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    assert set(stored) == {"username", "password"}
    assert outputs["database_endpoint"].startswith("127.0.0.1:")
    assert instance["StorageEncrypted"] is True


def test_no_output_is_secret(outputs: dict[str, Any]) -> None:
    assert "[secret]" not in outputs.values()


def test_a_service_by_hand_gets_what_the_running_one_has(platform: Platform, tmp_path: Path) -> None:
    options = ["--state-dir", str(platform.state_dir), "--dir", str(tmp_path), "--secrets"]
    assert write_env.main(["local", *options]) == 0
    assert write_env.main(["local", *options, "--check"]) == 0
    running = {entry.name: entry.process() for entry in Registry(State(platform.state_dir)).entries()}
    for service in catalog.SERVICES:
        process = running[service.name]
        assert process is not None
        written = assignments((tmp_path / f"{service.name}.env").read_text())
        assert written.items() <= psutil.Process(process.pid).environ().items()
