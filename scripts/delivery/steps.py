"""What the engine did or would do, resource by resource, gathered from its events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pulumi.automation.events import EngineEvent, StepEventMetadata, StepEventStateMetadata

from scripts.delivery.diagnostics import Diagnostics

CHANGING = ("create", "update", "replace", "delete")
"""The operations that change something, in the order in which they are told."""

_STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One resource in one run. `old` and `new` are its inputs, {} where there are none; `outputs` what it has become;
    `changed` the paths of its properties that change, `because` those of them that force a replacement."""

    op: str
    type: str
    urn: str
    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    was_protected: bool = False
    is_protected: bool = False
    retained: bool = False

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rsplit("::", 1)[-1]

    @property
    def kind(self) -> str:
        """Its type as people read it: `rds.Instance` for `aws:rds/instance:Instance`."""
        package, _, rest = self.type.partition(":")
        module, _, class_name = rest.rpartition(":")
        module = module.split("/")[0]
        return f"{module}.{class_name}" if package == "aws" else f"{package.removeprefix('pulumi-')}.{class_name}"

    @property
    def label(self) -> str:
        """Kind and name, as a message names the resource."""
        return f"{self.kind} {self.name}"


@dataclass
class Changes:
    """What one run of the engine came to: its steps by URN, what it complained about, and who is whose parent."""

    steps: dict[str, Step] = field(default_factory=dict)
    diagnostics: Diagnostics = field(default_factory=Diagnostics)
    failed: list[Step] = field(default_factory=list)
    parents: dict[str, str] = field(default_factory=dict)

    @property
    def changing(self) -> list[Step]:
        """The steps that change something, without the stack and the components, which are but names."""
        found = [step for step in self.steps.values() if step.op in CHANGING and not is_component(step.type)]
        return sorted(found, key=lambda step: (self.component(step), CHANGING.index(step.op), step.type, step.name))

    def counts(self) -> dict[str, int]:
        """Operation -> number of resources, in telling order, those that stay as they are last."""
        found = Counter(step.op for step in self.steps.values() if not is_component(step.type))
        return {op: found[op] for op in (*CHANGING, "same") if found[op]}

    def component(self, step: Step) -> str:
        """The outermost component that the resource is part of: `database`, or `service data`."""
        urn, outermost = step.urn, ""
        while urn and _STACK not in urn.split("::")[-2].split("$")[-1]:
            outermost, urn = urn, self.parents.get(urn, "")
        kind, name = outermost.split("::")[-2:] if outermost else ("", "")
        stack = _prefix(step.urn)
        module = kind.split("$")[-1].split(":")[1].split("/")[0] if ":" in kind else "stack"
        return f"{module} {name.removeprefix(stack + '-')}" if name.removeprefix(stack) else module

    def of_type(self, kind: str) -> list[Step]:
        """Every resource of the type that there is after the run, changed or not."""
        return [step for step in self.steps.values() if step.type == kind and step.op not in ("delete", "left-out")]


class Recorder:
    """Gathers `Changes` from the engine's events: hand its `take` to the Automation API as `on_event`.

    `refreshing`: the run looks for drift, so what an event's *outcome* says counts, not its intention.
    """

    def __init__(self, *, refreshing: bool = False) -> None:
        self.changes = Changes()
        self._refreshing = refreshing

    def take(self, event: EngineEvent) -> Step | None:
        """Note the event; the step that it completes, if it completes one that changes something."""
        if event.diagnostic_event is not None:
            self.changes.diagnostics.take(event.diagnostic_event)
        if event.policy_event is not None:
            self.changes.diagnostics.take_policy(event.policy_event)
        if event.resource_pre_event is not None and not self._refreshing:
            self._note(event.resource_pre_event.metadata)
        if event.res_op_failed_event is not None:
            self.changes.failed.append(step_of(event.res_op_failed_event.metadata))
        if event.res_outputs_event is not None:
            return self._complete(event.res_outputs_event.metadata)
        return None

    def _note(self, metadata: StepEventMetadata) -> Step:
        step = step_of(metadata)
        before = self.changes.steps.get(step.urn)
        if before is not None:
            step = _merged(before, step)
        self.changes.steps[step.urn] = step
        state = metadata.new or metadata.old
        if state is not None and state.parent:
            self.changes.parents[step.urn] = state.parent
        return step

    def _complete(self, metadata: StepEventMetadata) -> Step | None:
        if self._refreshing:
            step = self._note(metadata)
        else:
            step = self.changes.steps.get(metadata.urn) or self._note(metadata)
            outputs = metadata.new.outputs if metadata.new else None
            step = replace(step, outputs=outputs or step.outputs)
            self.changes.steps[step.urn] = step
        last_part = metadata.op.value in ("create", "update", "delete", "replace")
        return step if last_part and step.op in CHANGING and not is_component(step.type) else None


def step_of(metadata: StepEventMetadata) -> Step:
    """The step that an event tells of."""
    old, new = metadata.old, metadata.new
    # A targeted update tells of what it leaves out as if it were there and stayed.
    return Step(
        op="left-out" if metadata.op.value == "same" and old is None else _operation(metadata.op.value),
        type=metadata.type,
        urn=metadata.urn,
        old=_inputs(old),
        new=_inputs(new),
        outputs=(new.outputs if new else None) or {},
        changed=tuple(metadata.detailed_diff or metadata.diffs or ()),
        because=tuple(metadata.keys or ()),
        was_protected=bool(old and old.protect),
        is_protected=bool(new and new.protect),
        retained=bool(old and old.retain_on_delete),
    )


def _merged(before: Step, now: Step) -> Step:
    """One step out of the parts of a replacement, of which each event tells another."""
    return replace(
        now,
        op="replace" if "replace" in (before.op, now.op) else now.op,
        old=now.old or before.old,
        new=now.new or before.new,
        outputs=now.outputs or before.outputs,
        changed=tuple(dict.fromkeys((*before.changed, *now.changed))),
        because=tuple(dict.fromkeys((*before.because, *now.because))),
        was_protected=before.was_protected or now.was_protected,
        is_protected=before.is_protected or now.is_protected,
        retained=before.retained or now.retained,
    )


def _operation(op: str) -> str:
    if "replace" in op:
        return "replace"
    return {"read": "same", "refresh": "same", "import": "create", "discard": "same"}.get(op, op)


def _inputs(state: StepEventStateMetadata | None) -> Mapping[str, Any]:
    return (state.inputs if state else None) or {}


def is_component(kind: str) -> bool:
    """Whether resources of the type are but names: the stack, its components, the providers."""
    return kind == _STACK or kind.startswith(("sri:", "pulumi:providers:"))


def _prefix(urn: str) -> str:
    """What the names of a stack's resources begin with: `sri-dev` of `urn:pulumi:dev::sri::...`."""
    stack, project = urn.removeprefix("urn:pulumi:").split("::")[:2]
    return f"{project}-{stack}"
