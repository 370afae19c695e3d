"""What each role may do: nothing beyond what is named here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from services import catalog
from tests.support.stacks import ROOT, Stack, stack

TIERS = ("dev", "prod", "local")
ANY_RESOURCE = {"ecr:GetAuthorizationToken": "IAM knows no resource for it (service authorization reference, ECR)"}
"""Actions that may be allowed on "*", each with its reason."""


def statements(built: Stack) -> dict[str, list[dict[str, Any]]]:
    """Role -> its statements."""
    return {
        policy.inputs["role"]: json.loads(policy.inputs["policy"])["Statement"]
        for policy in built.of_type("iam/rolePolicy:RolePolicy")
    }


def flattened(built: Stack) -> Iterator[tuple[str, str, str]]:
    for role, found in statements(built).items():
        for statement in found:
            assert statement["Effect"] == "Allow"
            for action in statement["Action"]:
                for resource in statement["Resource"]:
                    yield role, action, resource


def others(tier: str) -> dict[str, str]:
    """The roles that are no task's, and the AWS service that takes each on."""
    return {} if tier == "local" else {"flow": "vpc-flow-logs.amazonaws.com"}


@pytest.mark.parametrize("tier", TIERS)
def test_every_resource_is_named_except_where_iam_knows_none(tier: str) -> None:
    for role, action, resource in flattened(stack(tier)):
        assert "*" not in action, f"{role} may do {action}"
        if resource == "*":
            assert action in ANY_RESOURCE, f"{role} may do {action} to everything"
        else:
            assert resource.startswith("arn:aws:")
            assert "*" not in resource.removesuffix(":*"), f"{role} may do {action} to {resource}"


@pytest.mark.parametrize("tier", TIERS)
def test_roles_have_no_policies_but_their_own(tier: str) -> None:
    built = stack(tier)
    assert built.of_type(":RolePolicyAttachment") == []
    assert built.of_type("iam/policy:Policy") == []
    assert len(built.of_type("iam/role:Role")) == len(statements(built)) == 7 + len(others(tier))
    assert not [role for role in built.of_type("iam/role:Role") if role.inputs.get("managedPolicyArns")]


@pytest.mark.parametrize("tier", TIERS)
def test_only_tasks_and_named_services_of_this_account_take_on_a_role(tier: str) -> None:
    for role in stack(tier).of_type("iam/role:Role"):
        service = others(tier).get(role.name.removeprefix(f"sri-{tier}-"), "ecs-tasks.amazonaws.com")
        assert json.loads(role.inputs["assumeRolePolicy"])["Statement"] == [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": service},
                "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            }
        ]


SECRETS = {
    "gateway": [],
    "frontend": [],
    "data": ["sri-dev-data"],
    "identity": ["sri-dev-client-secret", "sri-dev-identity", "sri-dev-session-keys"],
    "data-migrate": ["secret:rds!master", "sri-dev-data"],
    "identity-migrate": ["secret:rds!master", "sri-dev-identity"],
}


@pytest.mark.parametrize("task", SECRETS)
def test_an_execution_role_reads_the_secrets_of_its_own_containers_alone(task: str) -> None:
    found = statements(stack("dev"))[f"sri-dev-{task}-execution"]
    readable = [s["Resource"] for s in found if s["Action"] == ["secretsmanager:GetSecretValue"]]
    prefix = "arn:aws:secretsmanager:us-east-1:123456789012:"
    assert readable == ([sorted(prefix + name for name in SECRETS[task])] if SECRETS[task] else [])


@pytest.mark.parametrize("task", SECRETS)
def test_an_execution_role_pulls_one_image_and_writes_one_log(task: str) -> None:
    service = task.removesuffix("-migrate")
    pull, write = statements(stack("dev"))[f"sri-dev-{task}-execution"][1:3]
    assert pull == {
        "Effect": "Allow",
        "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "Resource": [f"arn:aws:ecr:us-east-1:123456789012:sri-dev-{service}"],
    }
    assert write == {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": [f"arn:aws:cloudwatch:us-east-1:123456789012:sri-dev-{service}:*"],
    }


@pytest.mark.parametrize("tier", TIERS)
def test_only_the_service_with_sessions_may_call_aws_and_only_its_pool(tier: str) -> None:
    built = stack(tier)
    roles = {task.name: task.inputs.get("taskRoleArn") for task in built.of_type(":TaskDefinition")}
    assert [name for name, role in roles.items() if role] == [f"sri-{tier}-identity"]
    resources = {r for role, _, r in flattened(built) if role == f"sri-{tier}-identity-task"}
    assert resources == {f"arn:aws:cognito:us-east-1:123456789012:sri-{tier}"}


def test_the_pool_may_be_asked_all_that_the_identity_service_asks() -> None:
    """Its signed calls only: what users do for themselves carries their token, or no credentials at all."""
    model = botocore.session.get_session().get_service_model("cognito-idp")
    signed = {
        xform_name(name): name for name in model.operation_names if model.operation_model(name).auth_type != "none"
    }
    code = "\n".join(path.read_text() for path in (ROOT / "services" / "identity").glob("*.py"))
    called = {signed[name] for name in re.findall(r"_?client\.(\w+)\(", code) if name in signed}
    granted = {
        a.removeprefix("cognito-idp:") for role, a, _ in flattened(stack("dev")) if role == "sri-dev-identity-task"
    }
    assert called <= granted
    assert granted <= set(model.operation_names)


def test_no_service_reads_the_master_secret_while_it_serves() -> None:
    for container in stack("dev").containers():
        assert any("rds!master" in arn for arn in container.secrets.values()) is (container.kind == "migrate")
    assert {c.service for c in stack("dev").containers()} == {service.name for service in catalog.SERVICES}
