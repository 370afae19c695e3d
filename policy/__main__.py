"""The rules as a CrossGuard pack: `pulumi preview --policy-pack policy`. Each of them is mandatory."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)

from policy.pack import RULES, Rule


def as_policy(rule: Rule) -> ResourceValidationPolicy:
    """The rule in CrossGuard's terms; a stack of tier local is never previewed, so all of them hold."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for sentence in rule.violations(args.resource_type, args.props):
            report(sentence, None)

    return ResourceValidationPolicy(
        name=rule.name, description=rule.meaning, validate=validate, enforcement_level=EnforcementLevel.MANDATORY
    )


PolicyPack(name="sri", policies=[as_policy(rule) for rule in RULES])
