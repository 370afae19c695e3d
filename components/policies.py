"""IAM documents, built from plain data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pulumi

Statement = dict[str, Any]
"""One statement of a policy document; its resources may be outputs."""


def allow(actions: Iterable[str], *resources: pulumi.Input[str]) -> Statement:
    """A statement that allows `actions` on exactly `resources`."""
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}


def document(statements: Iterable[Statement]) -> pulumi.Output[str]:
    """The policy document of `statements`."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust_tasks(account: str) -> str:
    """Who may take on a task's role: ECS, on behalf of this account alone."""
    return trust_service("ecs-tasks.amazonaws.com", account)


def trust_service(service: str, account: str) -> str:
    """Who may take on a role: the AWS service `service`, on behalf of this account alone.

    The condition keeps a service that acts for many accounts from using the role for another one's task ("confused
    deputy", ECS developer guide, "task-iam-roles").
    """
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": service},
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
