"""What a rule is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Inputs = Mapping[str, Any]
"""A resource's inputs under Pulumi's names (camelCase), as its engine hands them to a policy."""

Check = Callable[[Inputs], Iterator[str]]
"""Yields a sentence for each thing that is wrong."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`check` for resources whose type is one of `types`; the embedded run has none of what `cloud_only` ones need."""

    name: str
    types: tuple[str, ...]
    check: Check
    cloud_only: bool = False

    @property
    def meaning(self) -> str:
        """What the rule demands, in a sentence."""
        return (self.check.__doc__ or "").strip()

    def violations(self, kind: str, inputs: Inputs) -> list[str]:
        """What `inputs` of a resource of type `kind` violate; nothing for types that the rule is not about."""
        return list(self.check(inputs)) if kind in self.types else []


RULES: list[Rule] = []
"""Every rule, in the order of the modules that define them."""


def rule(*types: str, cloud_only: bool = False) -> Callable[[Check], Check]:
    """Register the decorated check, named as the function with hyphens, for resources of `types`."""

    def register(check: Check) -> Check:
        name = check.__name__.replace("_", "-")
        RULES.append(Rule(name=name, types=types, check=check, cloud_only=cloud_only))
        return check

    return register


def statements(document: Any) -> list[dict[str, Any]]:
    """The statements of an IAM document, as JSON or as data; none of one that is not known yet."""
    parsed = json.loads(document) if isinstance(document, str) and document.startswith("{") else document
    found = parsed.get("Statement", []) if isinstance(parsed, Mapping) else []
    return [found] if isinstance(found, dict) else list(found)


def listed(value: Any) -> list[Any]:
    """`value` as a list: IAM writes a single one without brackets."""
    return value if isinstance(value, list) else [] if value is None else [value]


def principals(statement: Mapping[str, Any]) -> list[Any]:
    """Everybody whom the statement names, of whatever kind; `*` is everybody at all."""
    named = statement.get("Principal")
    return [one for each in named.values() for one in listed(each)] if isinstance(named, Mapping) else listed(named)
