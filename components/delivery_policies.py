"""What a pipeline's roles may do: to look, to deploy, and what neither can ever do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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

_SECRET_CONTENT = (
    "cognito-idp:ListUsers",
    "cognito-idp:ListUsersInGroup",
    "logs:GetLogEvents",
    "logs:GetLogObject",
    "logs:GetLogRecord",
    "logs:GetQueryResults",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
)
"""Reads that would show secrets, or what people left."""


@dataclass(frozen=True)
class PipelineState:
    """Where the project's state lies: an S3 bucket, and the ARN of the KMS key that encrypts secrets in it, if any."""

    bucket: str
    key: str | None

    def read(self) -> list[dict[str, Any]]:
        """Leave to read every stack's state: one stack's images are taken over from another's."""
        bucket = f"arn:aws:s3:::{self.bucket}"
        statements: list[dict[str, Any]] = [
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket},
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{bucket}/.pulumi/*"},
        ]
        if self.key is not None:
            statements.append({"Effect": "Allow", "Action": ["kms:Decrypt", "kms:DescribeKey"], "Resource": self.key})
        return statements

    def write(self, stack: str) -> dict[str, Any]:
        """Leave to write one stack's state (the layout of pulumi/pkg/backend/diy), its history, backups and lock."""
        project, _, name = stack.partition("-")
        root = f"arn:aws:s3:::{self.bucket}/.pulumi"
        return {
            "Effect": "Allow",
            "Action": ["s3:DeleteObject", "s3:PutObject"],
            "Resource": [
                f"{root}/backups/{project}/{name}/*",
                f"{root}/history/{project}/{name}/*",
                f"{root}/locks/organization/{project}/{name}/*",
                f"{root}/stacks/{project}/{name}.*",
            ],
        }


def _own_parts(account: str, stack: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": ["iam:GetOpenIDConnectProvider", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions"],
        "Resource": [f"arn:aws:iam::{account}:policy/{stack}-boundary", f"arn:aws:iam::{account}:oidc-provider/*"],
    }


def plan_statements(account: str, region: str, stack: str, state: PipelineState | None = None) -> list[dict[str, Any]]:
    """Leave to read what a preview compares, and nothing that holds a secret or people's data."""
    reads = sorted(f"{service}:{verb}" for service in _LOOKED_AT for verb in _READ)
    return [
        {"Effect": "Allow", "Action": reads, "Resource": "*", "Condition": _in_region(region)},
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
            "Action": ["s3:GetBucket*", "s3:GetLifecycleConfiguration", "s3:GetEncryptionConfiguration"],
            "Resource": f"arn:aws:s3:::{stack}-*",
        },
        _own_parts(account, stack),
        *([] if state is None else state.read()),
        {"Effect": "Deny", "Action": list(_SECRET_CONTENT), "Resource": "*"},
    ]


def deploy_statements(
    account: str, region: str, stack: str, state: PipelineState | None = None
) -> list[dict[str, Any]]:
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
        # RDS makes the master's secret in the name of whoever makes the database.
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
            "Resource": f"arn:aws:secretsmanager:{region}:{account}:secret:rds!*",
        },
        _own_parts(account, stack),
        *([] if state is None else [*state.read(), state.write(stack)]),
    ]


def boundary(account: str, stack: str) -> dict[str, Any]:
    """The outermost limit: everything but other accounts' roles, people's access, the bill and this boundary itself."""
    own = f"arn:aws:iam::{account}:policy/{stack}-boundary"
    delivery = [f"arn:aws:iam::{account}:role/{stack}-{kind}" for kind in ("plan", "deploy")]
    return {
        "Version": "2012-10-17",
        "Statement": [
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
        ],
    }


def _in_region(region: str) -> dict[str, Any]:
    # Global services (CloudFront, Route 53, budgets, and WAF for CloudFront) answer in us-east-1.
    return {"StringEquals": {"aws:RequestedRegion": sorted({region, "us-east-1"})}}
