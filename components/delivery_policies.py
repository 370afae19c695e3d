"""What a pipeline's roles may do: to preview, to compare, to deploy, and what none can ever do."""

from __future__ import annotations

from typing import Any

from components.delivery_state import PipelineState
from components.policies import Statement

_READ = ("Describe*", "Get*", "List*")

_LOOKED_AT = (
    "acm",
    "application-autoscaling",
    "cloudfront",
    "cloudwatch",
    "cognito-idp",
    "ec2",
    "ecr",
    "ecs",
    "elasticloadbalancing",
    "logs",
    "rds",
    "route53",
    "servicediscovery",
    "sns",
    "wafv2",
)
"""Services whose parts have no secret content: reading them is what a preview does."""

_CHANGED = (*_LOOKED_AT, "budgets")
"""Services that a deployment makes, changes and deletes parts of."""

_CONTENT = (
    "cognito-idp:ListUsers",
    "cognito-idp:ListUsersInGroup",
    "logs:GetLogEvents",
    "logs:GetLogObject",
    "logs:GetLogRecord",
    "logs:GetQueryResults",
)
"""Reads that would show what people left."""

_SECRETS = (
    "cognito-idp:DescribeUserPoolClient",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
)
"""Reads that would show a secret: the client's stands in its description too."""


def _own_parts(account: str, stack: str) -> Statement:
    return {
        "Effect": "Allow",
        "Action": ["iam:GetOpenIDConnectProvider", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions"],
        "Resource": [f"arn:aws:iam::{account}:policy/{stack}-boundary", f"arn:aws:iam::{account}:oidc-provider/*"],
    }


def _reads(account: str, region: str, stack: str, state: PipelineState | None) -> list[Statement]:
    """Leave to read what the stack is made of."""
    reads = sorted(f"{service}:{verb}" for service in _LOOKED_AT for verb in _READ)
    return [
        {"Effect": "Allow", "Action": reads, "Resource": "*", "Condition": _in_region(region)},
        {
            "Effect": "Allow",
            "Action": ["budgets:ListTagsForResource", "budgets:ViewBudget"],
            "Resource": f"arn:aws:budgets::{account}:budget/{stack}-*",
        },
        {
            "Effect": "Allow",
            "Action": ["iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies"],
            "Resource": f"arn:aws:iam::{account}:role/{stack}-*",
        },
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"],
            "Resource": f"arn:aws:secretsmanager:{region}:{account}:secret:{stack}-*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:GetBucket*", "s3:Get*Configuration", "s3:ListBucket"],
            "Resource": f"arn:aws:s3:::{stack}-*",
        },
        # A registry asks for it before it says whether it has an image.
        {
            "Effect": "Allow",
            "Action": "ecr:BatchGetImage",
            "Resource": f"arn:aws:ecr:{region}:{account}:repository/{stack}-*",
        },
        _own_parts(account, stack),
        *([] if state is None else state.read()),
    ]


def plan_statements(account: str, region: str, stack: str, state: PipelineState | None) -> list[Statement]:
    """A preview's: leave to read what it may have to look up, and nothing that holds a secret or people's data."""
    return [
        *_reads(account, region, stack, state),
        {"Effect": "Deny", "Action": [*_CONTENT, *_SECRETS], "Resource": "*"},
    ]


def drift_statements(account: str, region: str, stack: str, state: PipelineState | None) -> list[Statement]:
    """The nightly comparison's, which reads every resource of the stack, the app client and its secret among them."""
    return [
        *_reads(account, region, stack, state),
        _client_secret(account, region, stack),
        {"Effect": "Deny", "Action": list(_CONTENT), "Resource": "*"},
    ]


def _client_secret(account: str, region: str, stack: str) -> Statement:
    # The provider reads a version that it has put, and whoever may describe the client knows this secret anyway.
    secret = f"arn:aws:secretsmanager:{region}:{account}:secret:{stack}-client-secret-*"
    return {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret}


def deploy_statements(account: str, region: str, stack: str, state: PipelineState | None) -> list[Statement]:
    """Leave to make and change the stack: its services' parts, its own secrets, and roles within the boundary."""
    role = f"arn:aws:iam::{account}:role/{stack}-*"
    limit = f"arn:aws:iam::{account}:policy/{stack}-boundary"
    secrets = f"arn:aws:secretsmanager:{region}:{account}:secret:{stack}-*"
    return [
        {
            "Effect": "Allow",
            "Action": sorted(f"{service}:*" for service in _CHANGED),
            "Resource": "*",
            "Condition": _in_region(region),
        },
        {
            "Effect": "Allow",
            "Action": [
                "iam:DeleteRole",
                "iam:DeleteRolePolicy",
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListInstanceProfilesForRole",
                "iam:ListRolePolicies",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
            ],
            "Resource": role,
        },
        {
            "Effect": "Allow",
            "Action": ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"],
            "Resource": role,
            "Condition": {"StringEquals": {"iam:PermissionsBoundary": limit}},
        },
        {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": role,
            "Condition": {
                "StringEquals": {"iam:PassedToService": ["ecs-tasks.amazonaws.com", "vpc-flow-logs.amazonaws.com"]}
            },
        },
        {
            "Effect": "Allow",
            "Action": [
                "secretsmanager:CreateSecret",
                "secretsmanager:DeleteSecret",
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetResourcePolicy",
                "secretsmanager:PutSecretValue",
                "secretsmanager:TagResource",
                "secretsmanager:UpdateSecret",
            ],
            "Resource": secrets,
        },
        {"Effect": "Allow", "Action": "secretsmanager:GetRandomPassword", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{stack}-*", f"arn:aws:s3:::{stack}-*/*"]},
        _client_secret(account, region, stack),
        # RDS makes the master's secret in the name of whoever makes the database.
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
            "Resource": f"arn:aws:secretsmanager:{region}:{account}:secret:rds!*",
        },
        {"Effect": "Allow", "Action": "kms:DescribeKey", "Resource": f"arn:aws:kms:{region}:{account}:key/*"},
        _own_parts(account, stack),
        *([] if state is None else [*state.read(), state.write(stack)]),
    ]


def boundary_statements(account: str, stack: str) -> list[Statement]:
    """The outermost limit: everything but other accounts' roles, people's access, the bill and this boundary itself."""
    own = f"arn:aws:iam::{account}:policy/{stack}-boundary"
    delivery = [f"arn:aws:iam::{account}:role/{stack}-{kind}" for kind in ("plan", "drift", "deploy")]
    return [
        {"Sid": "Ceiling", "Effect": "Allow", "Action": "*", "Resource": "*"},
        {
            "Sid": "NobodysKeys",
            "Effect": "Deny",
            "Action": [
                "account:*",
                "iam:*AccessKey*",
                "iam:*Group*",
                "iam:*LoginProfile*",
                "iam:*SAMLProvider*",
                "iam:*User*",
                "organizations:*",
                "sts:AssumeRole",
            ],
            "Resource": "*",
        },
        {
            "Sid": "NotThisLimit",
            "Effect": "Deny",
            "Action": [
                "iam:CreatePolicyVersion",
                "iam:DeletePolicy",
                "iam:DeletePolicyVersion",
                "iam:DeleteRolePermissionsBoundary",
                "iam:SetDefaultPolicyVersion",
            ],
            "Resource": [own, f"arn:aws:iam::{account}:role/{stack}-*"],
        },
        {
            "Sid": "NotTheseRoles",
            "Effect": "Deny",
            "Action": ["iam:DeleteRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"],
            "Resource": delivery,
        },
    ]


def _in_region(region: str) -> dict[str, Any]:
    # Global services (CloudFront, Route 53, budgets, and WAF for CloudFront) answer in us-east-1.
    return {"StringEquals": {"aws:RequestedRegion": sorted({region, "us-east-1"})}}
