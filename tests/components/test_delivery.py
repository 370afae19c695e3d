"""The pipeline's roles: what each may do, and what neither ever can."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.delivery import DeliveryArgs
from tests.support.iam import is_allowed
from tests.support.stacks import Stack, stack

HERE = {"aws:RequestedRegion": "us-east-1"}
ROLE = "arn:aws:iam::123456789012:role/sri-prod-data-execution"
LIMIT = {"iam:PermissionsBoundary": "arn:aws:iam::123456789012:policy/sri-prod-boundary"}
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:sri-prod-data"
ELSEWHERE = "arn:aws:secretsmanager:us-east-1:123456789012:secret:payroll"


def delivered(**config: Any) -> Stack:
    return stack("prod", github_repository="owner/name", **config)


def may(kind: str, action: str, resource: str = "*", **context: str) -> bool:
    built = delivered(state_bucket="acme-state", state_key=KEY)
    policy = built.one("iam/rolePolicy:RolePolicy", f"sri-prod-{kind}").inputs["policy"]
    limit = built.one("iam/policy:Policy", "sri-prod-boundary").inputs["policy"]
    return is_allowed(action, resource, policies=[policy], boundary=limit, context=HERE | context)


@pytest.mark.parametrize(
    "action", ["ecs:DescribeServices", "rds:DescribeDBInstances", "cognito-idp:DescribeUserPool", "ec2:DescribeVpcs"]
)
def test_a_preview_and_a_comparison_may_look(action: str) -> None:
    assert may("plan", action)
    assert may("drift", action)


IMAGES = "arn:aws:ecr:us-east-1:123456789012:repository/sri-prod-data-1a2b3c4"


def test_a_preview_may_ask_whether_an_image_is_there() -> None:
    assert may("plan", "ecr:GetAuthorizationToken")
    assert may("plan", "ecr:BatchGetImage", IMAGES)
    assert not may("plan", "ecr:BatchGetImage", IMAGES.replace("sri-prod", "payroll"))
    assert not may("plan", "ecr:PutImage", IMAGES)


CLIENT_SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:sri-prod-client-secret-1a2b3c4-AbCdEf"


def test_only_a_comparison_and_a_deployment_see_the_app_clients_secret() -> None:
    seen = {
        kind: (
            may(kind, "cognito-idp:DescribeUserPoolClient"),
            may(kind, "secretsmanager:GetSecretValue", CLIENT_SECRET),
        )
        for kind in ("plan", "drift", "deploy")
    }
    assert seen == {"plan": (False, False), "drift": (True, True), "deploy": (True, True)}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("ecs:UpdateService", "*"),
        ("rds:DeleteDBInstance", "*"),
        ("cognito-idp:AdminGetUser", "*"),
        ("cognito-idp:ListUsers", "*"),
        ("iam:PassRole", ROLE),
        ("iam:PutRolePolicy", ROLE),
        ("secretsmanager:GetSecretValue", SECRET),
        ("logs:GetLogEvents", "*"),
        ("s3:GetObject", "arn:aws:s3:::sri-prod-access-logs/edge/log"),
    ],
)
def test_to_look_is_neither_to_change_anything_nor_to_read_what_people_left(action: str, resource: str) -> None:
    assert not may("plan", action, resource)
    assert not may("drift", action, resource)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("ecs:UpdateService", "*", {}),
        ("ecr:PutImage", "*", {}),
        ("iam:CreateRole", ROLE, LIMIT),
        ("iam:PassRole", ROLE, {"iam:PassedToService": "ecs-tasks.amazonaws.com"}),
        ("secretsmanager:CreateSecret", SECRET, {}),
        ("s3:PutBucketPolicy", "arn:aws:s3:::sri-prod-access-logs-1a2b3c4", {}),
    ],
)
def test_a_deployment_may_change_the_stack(action: str, resource: str, context: dict[str, str]) -> None:
    assert may("deploy", action, resource, **context)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:CreateRole", ROLE, {}),
        ("iam:CreateRole", "arn:aws:iam::123456789012:role/admin", LIMIT),
        ("iam:CreateUser", "*", {}),
        ("iam:CreateAccessKey", "*", {}),
        ("iam:PassRole", ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/sri-prod-deploy", LIMIT),
        ("iam:UpdateAssumeRolePolicy", "arn:aws:iam::123456789012:role/sri-prod-deploy", {}),
        ("iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/sri-prod-boundary", {}),
        ("iam:DeleteRolePermissionsBoundary", ROLE, {}),
        ("secretsmanager:GetSecretValue", SECRET, {}),
        ("secretsmanager:PutSecretValue", ELSEWHERE, {}),
        ("s3:GetObject", "arn:aws:s3:::payroll/november", {}),
        ("organizations:LeaveOrganization", "*", {}),
        ("sts:AssumeRole", "*", {}),
        ("ecs:UpdateService", "*", {"aws:RequestedRegion": "eu-west-1"}),
    ],
)
def test_a_deployment_can_neither_widen_itself_nor_leave_its_stack(
    action: str, resource: str, context: dict[str, str]
) -> None:
    assert not may("deploy", action, resource, **context)


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("plan", ["repo:owner/name:pull_request"]),
        ("drift", ["repo:owner/name:ref:refs/heads/main"]),
        ("deploy", ["repo:owner/name:environment:prod"]),
    ],
)
def test_a_role_opens_for_one_repository_and_one_purpose(kind: str, subject: list[str]) -> None:
    role = delivered().one("iam/role:Role", f"sri-prod-{kind}").inputs
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    issuer = "token.actions.githubusercontent.com"
    assert statement["Condition"] == {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": subject}}
    assert role["maxSessionDuration"] == 3600


STATE = "arn:aws:s3:::acme-state/.pulumi"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("kind", "action", "resource", "allowed"),
    [
        ("plan", "s3:ListBucket", "arn:aws:s3:::acme-state", True),
        ("plan", "s3:GetObject", f"{STATE}/stacks/sri/prod.json", True),
        ("plan", "kms:Decrypt", KEY, True),
        ("plan", "s3:PutObject", f"{STATE}/locks/organization/sri/prod/1.json", False),
        ("plan", "s3:PutObject", f"{STATE}/stacks/sri/prod.json", False),
        ("plan", "kms:Decrypt", f"{KEY}0", False),
        ("deploy", "s3:GetObject", f"{STATE}/stacks/sri/dev.json", True),
        ("deploy", "s3:PutObject", f"{STATE}/stacks/sri/prod.json", True),
        ("deploy", "s3:PutObject", f"{STATE}/stacks/sri/prod.json.bak", True),
        ("deploy", "s3:PutObject", f"{STATE}/locks/organization/sri/prod/1.json", True),
        ("deploy", "s3:DeleteObject", f"{STATE}/locks/organization/sri/prod/1.json", True),
        ("deploy", "s3:PutObject", f"{STATE}/history/sri/prod/prod-1.history.json", True),
        ("deploy", "s3:PutObject", f"{STATE}/backups/sri/prod/prod.1.json", True),
        ("deploy", "s3:PutObject", f"{STATE}/stacks/sri/dev.json", False),
        ("deploy", "s3:DeleteBucket", "arn:aws:s3:::acme-state", False),
        ("deploy", "kms:Decrypt", KEY, True),
        ("deploy", "kms:ScheduleKeyDeletion", KEY, False),
    ],
)
def test_the_state_may_be_read_by_both_and_only_its_own_part_written(
    kind: str, action: str, resource: str, allowed: bool
) -> None:
    assert may(kind, action, resource) is allowed


def test_without_a_bucket_no_role_may_reach_any_state() -> None:
    for kind in ("plan", "drift", "deploy"):
        policy = delivered().one("iam/rolePolicy:RolePolicy", f"sri-prod-{kind}").inputs["policy"]
        assert ".pulumi" not in policy
        assert "kms:Decrypt" not in policy


def test_every_role_of_the_stack_is_cut_to_the_boundary() -> None:
    roles = delivered().of_type("iam/role:Role")
    assert {role.inputs["permissionsBoundary"].rpartition(":")[2] for role in roles} == {"sri-prod-boundary"}
    assert not [role for role in stack("prod").of_type("iam/role:Role") if "permissionsBoundary" in role.inputs]


def test_an_account_has_one_provider_however_many_stacks() -> None:
    assert len(delivered().of_type(":OpenIdConnectProvider")) == 1
    second = delivered(github_provider_exists=True)
    assert second.of_type(":OpenIdConnectProvider") == []
    role = second.one("iam/role:Role", "sri-prod-deploy").inputs["assumeRolePolicy"]
    assert "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" in role


def test_without_a_repository_there_is_no_way_in() -> None:
    assert stack("prod").of_type(":Delivery") == []
    roles = {"plan_role_arn", "drift_role_arn", "deploy_role_arn"}
    assert not roles & stack("prod").outputs.keys()
    assert roles <= delivered().outputs.keys()


@pytest.mark.parametrize("repository", ["name", "/name", "owner/", "owner/*", "a/b/c"])
def test_a_repository_that_would_admit_others_is_refused(repository: str) -> None:
    args = DeliveryArgs(account="", region="", stack="", repository=repository, environment="", create_provider=True)
    with pytest.raises(ValueError, match="write it like owner/name"):
        args.validate()
