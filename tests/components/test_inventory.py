"""What each tier registers, whole: a change of the stack shows as a readable difference of a file.

After a change that was meant: `UPDATE_INVENTORY=1 pytest tests/components/test_inventory.py`, and read the diff.
"""

from __future__ import annotations

import difflib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from services import catalog
from tests.support.stacks import ROOT, Recorded, Stack, build, settings_of, stack

FOLDER = Path(__file__).parent / "inventory"
MATTERS = frozenset(
    {
        "accessLogs", "alarms", "assignPublicIp", "availabilityZone", "backupRetentionPeriod", "cidrBlock", "cidrIpv4",
        "comparisonOperator", "cpu", "deletionProtection", "deploymentCircuitBreaker", "deregistrationDelay",
        "desiredCount", "dropInvalidHeaderFields", "enableDeletionProtection", "engine", "engineVersion",
        "explicitAuthFlows", "fromPort", "imageTagMutability", "instanceClass", "internal", "ipProtocol",
        "limitAmount", "manageMasterUserPassword", "maxCapacity", "memory", "metricName", "mfaConfiguration",
        "minCapacity", "multiAz", "port", "prefixListId", "priority", "protocol", "publiclyAccessible",
        "recoveryWindowInDays", "referencedSecurityGroupId", "retentionInDays", "schedule", "scope",
        "securityGroupId", "serviceName", "slowStart", "sslPolicy", "storageEncrypted", "threshold", "toPort",
        "trafficType", "userPoolAddOns", "userPoolTier", "usernameAttributes",
    }
)  # fmt: skip
"""The properties that say who gets in, what is kept, what runs and what it costs."""


def line(resource: Recorded) -> str:
    shown = {name: resource.inputs[name] for name in sorted(MATTERS & resource.inputs.keys())}
    marks = " protected" if resource.protect else ""
    return f"{resource.type} {resource.name}{marks} {json.dumps(shown, sort_keys=True)}"


@pytest.mark.parametrize("tier", ["dev", "prod", "local"])
def test_the_stack_is_the_one_that_was_reviewed(tier: str) -> None:
    found = sorted(line(resource) for resource in stack(tier).resources if resource.custom)
    file = FOLDER / f"{tier}.txt"
    if os.environ.get("UPDATE_INVENTORY"):
        file.write_text("\n".join(found) + "\n")
    known = file.read_text().splitlines()
    changes = list(difflib.unified_diff(known, found, "reviewed", "now", n=0, lineterm=""))
    assert not changes, "\n".join(["the stack has changed; see this module's first lines", *changes])


def registrations(built: Stack) -> list[str]:
    """Every registration in full, in the order of names: components register concurrently."""
    whole = [
        {
            "type": resource.type,
            "name": resource.name,
            "inputs": {key: value for key, value in resource.inputs.items() if key != "__provider"},
            "dependsOn": sorted(resource.depends_on),
        }
        for resource in built.resources
    ]
    return sorted(json.dumps(entry, sort_keys=True) for entry in whole)


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_running_the_program_again_registers_the_very_same(tier: str) -> None:
    again, error = build(tier, settings_of(tier, {}))
    assert error is None
    assert registrations(again) == registrations(stack(tier))


def shuffled(value: Any, chance: random.Random) -> Any:
    """`value` with its mappings in another order."""
    if isinstance(value, Mapping):
        items = list(value.items())
        chance.shuffle(items)
        return {key: shuffled(member, chance) for key, member in items}
    return value


@pytest.mark.parametrize("seed", range(3))
def test_no_order_of_services_or_settings_changes_a_task_definition(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)  # noqa: S311  (an order, not a secret)
    sizes = {"data": {"cpu": 512, "memory": 1024}, "gateway": {"min_tasks": 2}, "identity": {"max_tasks": 3}}
    before = stack("prod", services=sizes)
    services = list(catalog.SERVICES)
    chance.shuffle(services)
    monkeypatch.setattr(catalog, "SERVICES", tuple(services))
    after, error = build("prod", settings_of("prod", shuffled({"services": sizes}, chance)))
    assert error is None

    def tasks(built: Stack) -> dict[str, Any]:
        return {task.name: task.inputs for task in built.of_type("ecs/taskDefinition:TaskDefinition")}

    assert tasks(after) == tasks(before)


def test_prod_registers_quickly() -> None:
    """The better of two, after one has imported what it needs."""
    build("prod", settings_of("prod", {}))
    taken = []
    for _ in range(2):
        started = time.process_time()
        build("prod", settings_of("prod", {}))
        taken.append(time.process_time() - started)
    assert len(stack("prod").resources) > 100
    assert min(taken) < 1.5, f"{min(taken):.2f} s of CPU time"


def test_what_only_some_stacks_use_is_imported_by_those_alone() -> None:
    """Each costs up to 0.7 s: the first attribute that is asked of them loads them."""
    program = "import sys, components.{}; print(sum(name.startswith({!r}) for name in sys.modules))"
    modules = ", components.".join(path.stem for path in sorted((ROOT / "components").glob("[a-z]*.py")))
    for package in ("pulumi_aws.wafv2.", "pulumi_aws.cloudfront."):
        command = [sys.executable, "-c", program.format(modules, package)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert ran.stdout == "0\n", package


@pytest.mark.parametrize("tier", ["dev", "prod", "local"])
def test_a_preview_where_nothing_is_known_registers_the_same_resources(tier: str) -> None:
    """As `pulumi preview` of a new stack: every computed value is unknown, and nothing may ask for one."""
    preview, error = build(tier, settings_of(tier, {}), preview=True)
    assert error is None
    known = {(resource.type, resource.name) for resource in stack(tier).resources}
    assert {(resource.type, resource.name) for resource in preview.resources} == known
    for task in preview.of_type("ecs/taskDefinition:TaskDefinition"):
        assert not isinstance(task.inputs.get("containerDefinitions"), str), "the preview knew what it could not know"
