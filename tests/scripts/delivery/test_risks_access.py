"""Which changes let somebody do more than named actions on named resources."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.engine_events import risks, step

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"


def policy(*statements: dict[str, Any]) -> dict[str, str]:
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}


def allow(action: Any, resource: Any = "arn:aws:s3:::logs/*", **others: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **others}


@pytest.mark.parametrize(
    "statement",
    [
        allow("*"),
        allow("s3:*"),
        allow("s3:GetObject", "*"),
        allow(["s3:GetObject", "iam:PassRole"], ["*"]),
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::logs"},
    ],
)
def test_a_wildcard_weakens_iam(statement: dict[str, Any]) -> None:
    assert "weakens-iam" in risks(step(POLICY, "create", new=policy(statement)))
    assert "weakens-iam" in risks(step(POLICY, old=policy(allow("s3:GetObject")), new=policy(statement)))


@pytest.mark.parametrize(
    "statement",
    [
        allow("s3:GetObject"),
        allow("ecr:GetAuthorizationToken", "*"),
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
    ],
)
def test_named_actions_on_named_resources_do_not(statement: dict[str, Any]) -> None:
    assert risks(step(POLICY, "create", new=policy(statement))) == []


def test_a_wildcard_that_was_there_before_is_no_news() -> None:
    assert risks(step(POLICY, old=policy(allow("s3:*")), new=policy(allow("s3:*"), allow("sqs:SendMessage")))) == []


def test_a_boundary_gives_nothing_and_losing_one_does() -> None:
    kind = "aws:iam/policy:Policy"
    assert risks(step(kind, "create", new=policy(allow("s3:*", "*")), name="sri-dev-boundary")) == []
    assert risks(step(ROLE, old={"permissionsBoundary": "arn"}, new={})) == ["weakens-iam"]


def trust(**statement: Any) -> dict[str, str]:
    document = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", **statement}]}
    return {"assumeRolePolicy": json.dumps(document)}


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"Service": "ecs-tasks.amazonaws.com"}},
        {
            "Principal": {"Federated": "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"},
            "Condition": {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:*"}},
        },
    ],
)
def test_a_role_for_anybody_weakens_iam(statement: dict[str, Any]) -> None:
    named = {"Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Condition": {"StringEquals": {"aws:x": "1"}}}
    assert risks(step(ROLE, old=trust(**named), new=trust(**statement))) == ["weakens-iam"]
    assert risks(step(ROLE, "create", new=trust(**named))) == []


def test_a_managed_policy_that_gives_all_weakens_iam() -> None:
    kind = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    given = {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    assert risks(step(kind, "create", new=given)) == ["weakens-iam"]
    assert risks(step(kind, "create", new={"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"})) == []


def test_a_bucket_for_everybody_weakens_iam() -> None:
    everybody = allow("s3:GetObject", Principal="*")
    limited = {**everybody, "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}
    assert risks(step("aws:s3/bucketPolicy:BucketPolicy", "create", new=policy(everybody))) == ["weakens-iam"]
    assert risks(step("aws:s3/bucketPolicy:BucketPolicy", "create", new=policy(limited))) == []
