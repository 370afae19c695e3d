"""The rules as a CrossGuard pack: the very same functions. `make policy` runs this in the pack's own environment."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from policy.pack import RULES

ROOT = Path(__file__).resolve().parents[2]


def test_the_pack_has_every_rule_as_a_mandatory_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi_policy: Any = pytest.importorskip(
        "pulumi_policy", reason="not beside the program's packages: `make policy` runs this"
    )
    made: list[Any] = []
    monkeypatch.setattr(pulumi_policy, "PolicyPack", lambda name, policies: made.append((name, policies)))
    runpy.run_path(str(ROOT / "policy" / "__main__.py"))
    ((name, policies),) = made
    assert name == "sri"
    assert [policy.name for policy in policies] == [rule.name for rule in RULES]
    assert {policy.enforcement_level for policy in policies} == {pulumi_policy.EnforcementLevel.MANDATORY}

    reported: list[str] = []
    (public,) = [policy for policy in policies if policy.name == "database-is-private"]

    class Arguments:
        resource_type = "aws:rds/instance:Instance"
        props: dict[str, Any] = {"publiclyAccessible": True}  # noqa: RUF012

    public.validate(Arguments(), lambda message, _urn: reported.append(message))
    assert reported == ["publiclyAccessible is not off"]
