"""What a delivery has to say: as text for a log, as Markdown for a pull request, as one document for machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.delivery.outcome import Outcome
from scripts.delivery.risks import Finding, Risk, blocking, find, unjudged
from scripts.delivery.steps import Changes, Step
from scripts.delivery.verdicts import Verdict

_SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "-"}
_DOING = {"create": "to create", "update": "to update", "replace": "to replace", "delete": "to delete"}
DONE = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}
_DRIFTED = {"update": "changed", "delete": "gone"}
_PROPERTIES = 6
_ROWS = 250
"""A comment on GitHub holds 65536 characters."""


@dataclass
class Report:
    """One run of the command. `kind` is preview, deploy, repositories or drift; `planned` what was to be done."""

    stack: str
    kind: str
    allowed: Sequence[str] = ()
    planned: Changes | None = None
    done: Changes | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    verdict: Verdict | None = None
    message: str = ""
    note: str = ""
    seconds: float = 0

    @property
    def changes(self) -> Changes:
        """What was done, or what would be."""
        return self.done or self.planned or Changes()

    @property
    def findings(self) -> list[Finding]:
        """The risks of what was to be done."""
        return find(self.planned) if self.planned is not None and self.kind != "drift" else []

    @property
    def late_findings(self) -> list[Finding]:
        """Risks that only the update showed: what a preview does not know yet, it cannot judge."""
        known = self.findings
        return [finding for finding in find(self.done) if finding not in known] if self.done is not None else []

    @property
    def blocked(self) -> list[Risk]:
        """The risks that nobody has allowed."""
        return blocking(self.findings, self.allowed)

    @property
    def allowing(self) -> str:
        """The options that allow them."""
        return " ".join(f"--allow {risk}" for risk in self.blocked)

    def summary(self, *, done: bool = False) -> str:
        """The counts in a line."""
        words = DONE if done else _DRIFTED if self.kind == "drift" else _DOING
        counts = self.changes.counts()
        parts = [f"{counts[op]} {words[op]}" for op in words if op in counts]
        return (
            ", ".join(parts) or ("no drift" if self.kind == "drift" else "nothing changes")
        ) + f" ({counts.get('same', 0)} stay as they are)"

    def document(self) -> dict[str, Any]:
        """Everything, for machines: names, paths of properties and sentences, and no value of any property."""
        changes = self.changes
        return {
            "stack": self.stack,
            "kind": self.kind,
            "verdict": None if self.verdict is None else str(self.verdict),
            "message": self.message,
            "note": self.note,
            "seconds": round(self.seconds, 1),
            "counts": changes.counts(),
            "changes": [_step_document(changes, step) for step in changes.changing],
            "risks": [
                {"name": str(f.risk), "resource": f.resource, "text": f.text, "allowed": f.risk in self.allowed}
                for f in (*self.findings, *self.late_findings)
            ],
            "blocked": [str(risk) for risk in self.blocked],
            "unjudged": unjudged(self.planned) if self.planned is not None else [],
            "errors": [str(error) for error in changes.diagnostics.errors],
            "services": [outcome.document() for outcome in self.outcomes],
        }


def lines(report: Report) -> list[str]:
    """The changes and risks as text that a CI log shows well."""
    changes = report.changes
    written: list[str] = []
    component = None
    for step in changes.changing:
        if changes.component(step) != component:
            component = changes.component(step)
            written.append(f"{component}")
        written.append(f"  {_SIGNS[step.op]} {step.label:<48} {_properties(step)}".rstrip())
    written.append(f"{report.stack}: {report.summary()}")
    return written + risk_lines(report.findings, report.allowed) + _unjudged_lines(report)


def risk_lines(findings: Iterable[Finding], allowed: Sequence[str]) -> list[str]:
    """The risks, one a line."""
    written = [
        f"  {'allowed' if finding.risk in allowed else 'RISK':<7} {finding.risk}: {finding.resource} {finding.text}"
        for finding in findings
    ]
    return ["Risks:", *written] if written else []


def markdown(report: Report) -> str:
    """The comment for a pull request. Its first line says which stack's it is, so that a pipeline finds it again."""
    drift = report.kind == "drift"
    failed = report.verdict not in (None, Verdict.DEPLOYED)
    title = f"### {'Drift' if drift else 'Preview'} of `{report.stack}`"
    title += " failed" if failed else f": {report.summary()}"
    written = [f"<!-- {report.kind} {report.stack} -->", title, ""]
    if failed:
        written += [f"**{report.verdict}**", "", "```", report.message.replace("```", "'''"), "```", ""]
    if report.findings:
        written += ["| risk | resource | what |", "| --- | --- | --- |"]
        written += [
            f"| {'' if f.risk in report.allowed else '⚠️ '}`{f.risk}` | {_cell(f.resource)} | {_cell(f.text)} |"
            for f in report.findings
        ]
        if report.blocked:
            written += ["", f"An unattended deployment stops here, unless it is run with `{report.allowing}`."]
        written.append("")
    elif not drift and not failed:
        written += ["No risk found.", ""]
    notes = [*_unjudged_lines(report), *([report.note] if report.note else [])]
    written += [line for note in notes for line in (note, "")]
    written += _table(report.changes)
    return "\n".join(written).rstrip() + "\n"


def _table(changes: Changes) -> list[str]:
    steps = changes.changing
    if not steps:
        return []
    written = ["<details><summary>Changes by component</summary>", ""]
    written += ["| component | | resource | properties |", "| --- | --- | --- | --- |"]
    for step in steps[:_ROWS]:
        row = (changes.component(step), step.op, step.label, _properties(step))
        written.append(f"| {' | '.join(map(_cell, row))} |")
    if len(steps) > _ROWS:
        written.append(f"| | | and {len(steps) - _ROWS} more | |")
    return [*written, "", "</details>"]


def _unjudged_lines(report: Report) -> list[str]:
    count = len(unjudged(report.planned)) if report.planned is not None and report.kind != "drift" else 0
    if not count:
        return []
    what = "1 policy names" if count == 1 else f"{count} policies name"
    return [f"{what} what does not exist yet, and can be judged only while deploying."]


def _properties(step: Step) -> str:
    changed = [*step.changed] or [*step.because]
    shown = ", ".join(f"{path}!" if path.split(".")[0] in step.because else path for path in changed[:_PROPERTIES])
    return shown + (f", and {len(changed) - _PROPERTIES} more" if len(changed) > _PROPERTIES else "")


def _step_document(changes: Changes, step: Step) -> dict[str, Any]:
    return {
        "op": step.op,
        "type": step.type,
        "name": step.name,
        "component": changes.component(step),
        "properties": list(step.changed),
        "replaced_because": list(step.because),
    }


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
