"""All rules together."""

from __future__ import annotations

from collections.abc import Iterator

from policy import access, compute, data, edge, network
from policy.rule import RULES, Inputs, Rule

__all__ = ["MODULES", "RULES", "Rule", "violations"]

MODULES = (network, edge, data, compute, access)


def violations(kind: str, inputs: Inputs, *, cloud: bool = True) -> Iterator[str]:
    """`<rule>: <sentence>` for everything that is wrong about a resource; `cloud`: whether it is one in AWS."""
    for rule in RULES:
        if cloud or not rule.cloud_only:
            for sentence in rule.violations(kind, inputs):
                yield f"{rule.name}: {sentence}"
