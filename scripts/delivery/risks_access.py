"""Whether a change lets somebody do more than named actions on named resources."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from scripts.delivery.steps import Step

WEAKENS = "weakens-iam"

_WITHOUT_RESOURCE = frozenset(
    {"ecr:GetAuthorizationToken", "secretsmanager:GetRandomPassword", "sts:GetCallerIdentity"}
)
"""Actions that IAM knows no resource for (service authorization reference): `*` is all that one can write."""

_ROLE = "aws:iam/role:Role"
_ATTACHMENTS = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
)
_POWERS = ("AdministratorAccess", "PowerUserAccess", "FullAccess")
_RESOURCE_POLICIES = ("BucketPolicy", "RepositoryPolicy", "SecretPolicy", "QueuePolicy", "TopicPolicy", "Key")


def widened(step: Step) -> Iterator[tuple[str, str]]:
    """What the step allows that was not allowed before."""
    if step.op == "delete":
        return
    if step.type in _ATTACHMENTS:
        yield from _attached(step)
    if step.type == _ROLE:
        if step.old.get("permissionsBoundary") and not step.new.get("permissionsBoundary"):
            yield WEAKENS, "removes the role's permission boundary"
        before = set(_trusts(step.old.get("assumeRolePolicy")))
        for text in _trusts(step.new.get("assumeRolePolicy")):
            if text not in before:
                yield WEAKENS, text
    if _is_boundary(step):
        return  # it gives nothing: it is what the permissions of others are cut to
    before = set(_grants(step.old, step.type))
    for text in _grants(step.new, step.type):
        if text not in before:
            yield WEAKENS, text


def _is_boundary(step: Step) -> bool:
    return step.type == "aws:iam/policy:Policy" and step.name.endswith("-boundary")


def _attached(step: Step) -> Iterator[tuple[str, str]]:
    arn = str(step.new.get("policyArn", ""))
    if arn != step.old.get("policyArn") and arn.endswith(_POWERS):
        yield WEAKENS, f"attaches {arn.rsplit('/', 1)[-1]}"


def _grants(inputs: Mapping[str, Any], kind: str) -> Iterator[str]:
    """A sentence for each allowance without a name: of the policy itself, and of a role's inline ones."""
    inline = inputs.get("inlinePolicies")
    documents = [inputs.get("policy"), *(item.get("policy") for item in inline or () if isinstance(item, Mapping))]
    is_resource = kind.rsplit(":", 1)[-1] in _RESOURCE_POLICIES
    for statement in (s for document in documents for s in statements(document)):
        if statement.get("Effect") != "Allow":
            continue
        limited = " under a condition" if "Condition" in statement else ""
        for key in ("NotAction", "NotResource", "NotPrincipal"):
            if key in statement:
                yield f"allows everything but what {key} names{limited}"
        if is_resource:
            if "*" in _principals(statement) and not limited:
                yield f"lets everybody {', '.join(map(str, listed(statement.get('Action'))))}"
            continue
        for action in map(str, listed(statement.get("Action"))):
            for resource in map(str, listed(statement.get("Resource"))):
                wild = action == "*" or action.endswith(":*")
                everything = resource == "*" and action not in _WITHOUT_RESOURCE
                if wild or everything:
                    yield f"allows {action} on {'every resource' if resource == '*' else resource}{limited}"


def _trusts(document: Any) -> Iterator[str]:
    for statement in statements(document):
        if statement.get("Effect") != "Allow":
            continue
        if "*" in _principals(statement):
            yield "lets everybody take on the role"
        elif "Condition" not in statement:
            yield f"lets {', '.join(map(str, _principals(statement)))} take on the role for anybody"
        for test in (statement.get("Condition") or {}).values():
            for key, value in test.items() if isinstance(test, Mapping) else ():
                if key.endswith(":sub") and any(str(v) == "*" or str(v).startswith("repo:*") for v in listed(value)):
                    yield f"takes any subject for {key}"


def _principals(statement: Mapping[str, Any]) -> list[Any]:
    named = statement.get("Principal")
    return [p for value in named.values() for p in listed(value)] if isinstance(named, Mapping) else listed(named)


def statements(document: Any) -> list[Mapping[str, Any]]:
    """The statements of an IAM document, as JSON or as data; none of one that is not known yet."""
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return []
    found = listed(parsed.get("Statement")) if isinstance(parsed, Mapping) else []
    return [statement for statement in found if isinstance(statement, Mapping)]


def listed(value: Any) -> list[Any]:
    """`value` as a list: IAM writes a single one without brackets."""
    return value if isinstance(value, list) else [] if value is None else [value]
