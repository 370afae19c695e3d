"""Every rule holds on every tier, and each refuses the case that it was written for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policy.pack import RULES, violations
from policy.rule import Rule
from tests.support.stacks import stack

CONFIGURATIONS: list[tuple[str, dict[str, Any]]] = [
    ("dev", {}),
    ("prod", {}),
    ("local", {}),
    ("dev", {"egress": "endpoints", "github_repository": "owner/name"}),
    ("dev", {"domain": "dev.example.com", "hosted_zone": "example.com"}),
    ("prod", {"database": {"engine": "aurora-serverless"}, "egress": "nat"}),
]


@pytest.mark.parametrize(("tier", "config"), CONFIGURATIONS, ids=str)
def test_no_resource_of_any_tier_violates_a_rule(tier: str, config: dict[str, Any]) -> None:
    found = [
        f"{resource.type} {resource.name}: {violation}"
        for resource in stack(tier, **config).resources
        for violation in violations(resource.type, resource.inputs, cloud=tier != "local")
    ]
    assert found == []


def container(**members: Any) -> dict[str, Any]:
    """A task definition of one container that breaks no rule, but for `members`."""
    good = {
        "name": "c",
        "image": f"repository@sha256:{'0' * 64}",
        "user": "10001:10001",
        "readonlyRootFilesystem": True,
        "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
        "logConfiguration": {"logDriver": "awslogs"},
        "environment": [],
    }
    return {
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "containerDefinitions": json.dumps([{**good, **members}]),
    }


def allowing(action: str, resource: str = "arn:aws:s3:::bucket", **more: Any) -> dict[str, Any]:
    return {"policy": json.dumps({"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}]})}


def trusting(principal: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return {"assumeRolePolicy": json.dumps({"Statement": [statement]})}


WORLD = {"cidrIpv4": "0.0.0.0/0", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22}
PUBLIC = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject", "Resource": "*"}]}

BAD: list[tuple[str, dict[str, Any]]] = [
    ("security-group-without-inline-rules", {"ingress": [{"fromPort": 22}]}),
    ("security-group-without-a-fixed-name", {"name": "web"}),
    ("one-style-of-security-group-rules", {}),
    ("world-reaches-only-web-ports", WORLD),
    ("world-reaches-only-web-ports", {**WORLD, "cidrIpv4": None, "cidrIpv6": "::/0"}),
    ("security-group-rules-name-one-port", {"ipProtocol": "-1"}),
    ("security-group-rules-name-one-port", {"ipProtocol": "tcp", "fromPort": 0, "toPort": 65535}),
    ("tasks-reach-the-world-by-tls-alone", {**WORLD, "fromPort": 80, "toPort": 80}),
    ("default-security-group-is-empty", {"egress": [{"protocol": "-1"}]}),
    ("vpc-has-private-addresses", {"cidrBlock": "52.0.0.0/16"}),
    ("subnets-give-no-public-addresses", {"mapPublicIpOnLaunch": True}),
    ("network-parts-have-names", {"tags": {}}),
    ("endpoints-have-a-group-of-their-own", {"vpcEndpointType": "Interface"}),
    ("flow-logs-record-refusals", {"trafficType": "ACCEPT"}),
    ("target-group-without-a-fixed-name", {"name": "web"}),
    ("target-group-asks-for-readiness", {"healthCheck": {"path": "/"}}),
    ("target-group-lets-go-quickly", {}),
    ("load-balancer-drops-malformed-headers", {"dropInvalidHeaderFields": False}),
    ("load-balancer-logs-requests", {"accessLogs": {"enabled": False}}),
    ("listener-speaks-modern-tls", {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-2016-08"}),
    ("listener-is-closed-by-default", {"defaultActions": [{"type": "forward"}]}),
    ("listener-asks-for-tls-next-time", {"protocol": "HTTPS"}),
    ("distribution-speaks-tls-alone", {"defaultCacheBehavior": {"viewerProtocolPolicy": "allow-all"}}),
    ("distribution-proves-itself-to-its-origin", {"origins": [{"customOriginConfig": {"httpPort": 80}}]}),
    ("distribution-adds-security-headers", {"defaultCacheBehavior": {}}),
    ("web-firewall-limits-addresses", {"rules": []}),
    ("web-firewall-knows-common-attacks", {"rules": [{"statement": {"rateBasedStatement": {}}}]}),
    ("database-is-private", {"publiclyAccessible": True}),
    ("database-is-encrypted", {"storageEncrypted": False}),
    ("database-password-is-nobodys", {"password": "hunter2"}),
    ("database-demands-tls", {"parameters": [{"name": "rds.force_ssl", "value": "0"}]}),
    ("database-keeps-backups", {"backupRetentionPeriod": 0}),
    ("protected-database-leaves-a-snapshot", {"deletionProtection": True, "skipFinalSnapshot": True}),
    ("database-changes-major-versions-by-hand", {"allowMajorVersionUpgrade": True}),
    ("bucket-blocks-all-public-access", {"blockPublicAcls": True, "blockPublicPolicy": True}),
    ("bucket-has-no-acl", {"acl": "public-read"}),
    ("nothing-is-open-to-everybody", {"policy": json.dumps(PUBLIC)}),
    ("bucket-demands-tls", {"policy": json.dumps(PUBLIC)}),
    ("bucket-is-encrypted", {"rules": []}),
    ("image-tags-never-move", {"imageTagMutability": "MUTABLE"}),
    ("images-are-scanned", {"imageScanningConfiguration": {"scanOnPush": False}}),
    ("task-has-a-size-that-fargate-has", {"cpu": "256", "memory": "4096"}),
    ("task-has-a-size-that-fargate-has", {"cpu": "300", "memory": "512"}),
    ("container-runs-without-root", container(user="0:0")),
    ("container-runs-without-root", container(user=None)),
    ("container-cannot-change-itself", container(readonlyRootFilesystem=False)),
    ("container-has-no-privilege", container(privileged=True)),
    ("container-has-no-privilege", container(linuxParameters={})),
    ("container-image-is-named-by-digest", container(image="repository:latest")),
    (
        "container-is-told-no-secret-in-the-clear",
        container(environment=[{"name": "DATABASE_PASSWORD", "value": "hunter2"}]),
    ),
    ("container-logs", container(logConfiguration=None)),
    ("task-network-is-its-own", {"networkMode": "bridge"}),
    ("deployment-rolls-back", {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}),
    ("deployment-keeps-everything-running", {"deploymentMinimumHealthyPercent": 50}),
    ("nobody-opens-a-shell-in-a-task", {"enableExecuteCommand": True}),
    ("logs-expire", {"name": "/forever"}),
    ("alarms-are-heard", {"alarmDescription": "something"}),
    ("actions-are-named", allowing("*")),
    ("actions-are-named", allowing("s3:*", "*")),
    ("resources-are-named", allowing("s3:GetObject", "*")),
    ("allowances-say-what-they-allow", allowing("s3:GetObject", NotAction="s3:DeleteBucket")),
    ("roles-are-trusted-to-somebody", trusting("*")),
    ("roles-are-trusted-to-somebody", trusting({"AWS": "*"})),
    ("roles-are-trusted-to-somebody", trusting({"Service": "ecs-tasks.amazonaws.com"})),
    ("roles-have-no-managed-policies", {"managedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}),
    ("nobody-is-an-administrator", {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
    ("no-long-lived-credentials", {"name": "pipeline"}),
    ("passwords-are-long", {"passwordPolicy": {"minimumLength": 8}}),
    (
        "accounts-are-recovered-by-a-proved-address",
        {"accountRecoverySetting": {"recoveryMechanisms": [{"name": "verified_phone_number"}]}},
    ),
    ("client-gives-nobody-away", {"preventUserExistenceErrors": "LEGACY"}),
    ("client-can-end-sessions", {"enableTokenRevocation": False, "generateSecret": True}),
    ("client-opens-no-unsafe-flow", {"allowedOauthFlows": ["implicit"]}),
    ("access-tokens-are-short", {"accessTokenValidity": 2, "tokenValidityUnits": {"accessToken": "days"}}),
]


def named(name: str) -> Rule:
    (found,) = [rule for rule in RULES if rule.name == name]
    return found


@pytest.mark.parametrize(("name", "inputs"), BAD, ids=[f"{name}-{number}" for number, (name, _) in enumerate(BAD)])
def test_a_rule_refuses_what_it_was_written_for(name: str, inputs: dict[str, Any]) -> None:
    rule = named(name)
    for kind in rule.types:
        assert rule.violations(kind, inputs), f"{name} let {inputs} pass"


def test_every_rule_has_a_case_that_breaks_it_and_says_what_it_demands() -> None:
    assert {rule.name for rule in RULES} == {name for name, _ in BAD}
    assert len(RULES) == len({rule.name for rule in RULES}) >= 30
    assert [rule.name for rule in RULES if not rule.meaning.endswith(".")] == []


def test_a_rule_says_nothing_about_other_types() -> None:
    assert named("database-is-private").violations("aws:s3/bucket:Bucket", {"publiclyAccessible": True}) == []


def test_every_rule_is_about_a_type_that_exists() -> None:
    """A misspelt type would make a rule that never speaks; those no stack has are named here."""
    registered = {r.type for tier, config in CONFIGURATIONS for r in stack(tier, **config).resources}
    forbidden = {
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        "aws:iam/user:User",
        "aws:iam/accessKey:AccessKey",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
    }
    assert {kind for rule in RULES for kind in rule.types} - registered == forbidden
