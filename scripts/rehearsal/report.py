"""What a rehearsal found: a table for people, one document for programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Result = Literal["ok", "FAILED", "left out"]
MOST_LINES = 25


@dataclass
class Stage:
    """One stage: `did` in a few words, `failures` a line each. One that was left out has none."""

    name: str
    did: str = ""
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    left_out: bool = False

    @property
    def result(self) -> Result:
        """How it went."""
        if self.left_out:
            return "left out"
        return "FAILED" if self.failures else "ok"


def table(stages: Iterable[Stage]) -> str:
    """A line for each stage, what failed below it."""
    lines = [f"{'stage':<10} {'result':<9} {'what':<44} {'seconds':>8}"]
    for stage in stages:
        seconds = "" if stage.left_out else f"{stage.seconds:8.1f}"
        lines.append(f"{stage.name:<10} {stage.result:<9} {stage.did:<44} {seconds}".rstrip())
        lines += [f"    {failure}" for failure in stage.failures[:MOST_LINES]]
        if len(stage.failures) > MOST_LINES:
            lines.append(f"    and {len(stage.failures) - MOST_LINES} more")
    return "\n".join(lines)


def document(stack: str, stages: Iterable[Stage], notes: list[str]) -> dict[str, Any]:
    """The same as plain data."""
    told = [{**asdict(stage), "result": stage.result} for stage in stages]
    good = all(stage["result"] == "ok" for stage in told)
    return {"stack": stack, "ok": good, "stages": told, "notes": notes}
