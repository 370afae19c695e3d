"""What IAM would answer, for the parts of its policy language that the stack uses.

The logic is AWS's ("policy evaluation logic" in the IAM user guide): an explicit denial wins, then the boundary and
the role's own policies must both allow. Conditions known here: StringEquals, with one or several values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

Document = Mapping[str, Any]


def is_allowed(
    action: str,
    resource: str,
    *,
    policies: Iterable[str | Document],
    boundary: str | Document | None = None,
    context: Mapping[str, str] | None = None,
) -> bool:
    """Whether a role with `policies`, cut to `boundary`, may call `action` on `resource`."""
    granted = _verdict(policies, action, resource, context or {})
    limit = True if boundary is None else _verdict([boundary], action, resource, context or {})
    return granted is True and limit is True


def _verdict(
    documents: Iterable[str | Document], action: str, resource: str, context: Mapping[str, str]
) -> bool | None:
    """False if denied, True if allowed, None if nobody said anything."""
    found: bool | None = None
    for document in documents:
        parsed = json.loads(document) if isinstance(document, str) else document
        for statement in parsed["Statement"]:
            if _applies(statement, action, resource, context):
                if statement["Effect"] == "Deny":
                    return False
                found = True
    return found


def _applies(statement: Document, action: str, resource: str, context: Mapping[str, str]) -> bool:
    matches = any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _listed(statement["Action"]))
    named = any(fnmatchcase(resource, pattern) for pattern in _listed(statement["Resource"]))
    return matches and named and _holds(statement.get("Condition", {}), context)


def _holds(condition: Document, context: Mapping[str, str]) -> bool:
    for operator, wanted in condition.items():
        if operator != "StringEquals":
            raise NotImplementedError(f"the condition operator {operator}")
        if any(context.get(key) not in _listed(values) for key, values in wanted.items()):
            return False
    return True


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
