"""What a real engine said, recorded with the Pulumi CLI 3.260 on this very program, and cut down to what tells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi.automation.events import EngineEvent

from scripts.delivery.risks import find
from scripts.delivery.steps import Changes, Recorder, Step

FOLDER = Path(__file__).resolve().parents[1] / "scripts/delivery/recorded"


def recorded(name: str, *, refreshing: bool = False) -> Changes:
    """The changes that the events of `recorded/<name>.jsonl` tell of."""
    recorder = Recorder(refreshing=refreshing)
    for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        recorder.take(EngineEvent.from_json(json.loads(line)))
    return recorder.changes


def step(
    kind: str,
    op: str = "update",
    *,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    name: str = "sri-dev",
    **others: Any,
) -> Step:
    """A step on a resource of the type."""
    urn = f"urn:pulumi:dev::sri::{kind}::{name}"
    return Step(op=op, type=kind, urn=urn, old=old or {}, new=new or {}, **others)


def changes(*steps: Step) -> Changes:
    """Changes made of the steps."""
    return Changes(steps={step.urn: step for step in steps})


def risks(*steps: Step) -> list[str]:
    """The names of the risks that are found in the steps."""
    return [str(finding.risk) for finding in find(changes(*steps))]
