"""How one service came out: its verdict, in a sentence, with everything that was found out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from scripts.delivery.evidence import Evidence, Investigation, cause
from scripts.delivery.rollout import State, Target
from scripts.delivery.verdicts import MEANINGS, Verdict


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One service after a deployment. `evidence` is None for one that runs what it should."""

    target: Target
    verdict: Verdict
    progress: str
    reason: str
    evidence: Evidence | None = None

    @property
    def good(self) -> bool:
        """Whether the service runs what was deployed."""
        return self.verdict is Verdict.DEPLOYED

    def sentence(self) -> str:
        """The verdict for people: what happened, by ECS's own word, and what still runs."""
        meaning = MEANINGS[self.verdict]
        said = f"{self.reason.rstrip('.')}. {meaning[0].upper()}{meaning[1:]}" if self.reason else meaning
        return f"{self.target.label}: {self.verdict}: {said.rstrip('.')}."

    def details(self) -> list[str]:
        """Lines below the sentence: what was found, most telling first."""
        found = self.evidence
        if found is None:
            return []
        lines = [f"stopped task {task}" for task in found.tasks]
        lines += [f"target {target}" for target in found.targets]
        lines += [f"alarm {alarm}" for alarm in found.alarms]
        if not found.tasks and not found.targets:
            lines += [f"event {event}" for event in found.events]
        running = ", ".join(f"{digest or 'an unknown image'} ({count})" for digest, count in found.running.items())
        lines.append(
            f"deployed {', '.join(found.wanted) or self.target.revision}; still running {running or 'nothing'}"
        )
        lines += [f"log | {line}" for line in found.log_lines]
        return lines + found.gaps

    def document(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "service": self.target.label,
            "verdict": str(self.verdict),
            "message": self.sentence(),
            "task_definition": self.target.revision,
            "progress": self.progress,
            "evidence": None if self.evidence is None else asdict(self.evidence),
        }


def outcome_of(target: Target, state: State, investigation: Investigation) -> Outcome:
    """The outcome that the last state of a service comes to; looks into it where it is not good."""
    evidence = None if state.verdict is Verdict.DEPLOYED else investigation.of(target, state)
    return Outcome(
        target=target,
        verdict=Verdict.DEPLOYED if evidence is None else cause(state, evidence),
        progress=state.progress,
        reason=state.reason,
        evidence=evidence,
    )
