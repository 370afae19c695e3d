"""A deployment from its preview to the last service: what is asked, what is waited for, how it is called in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from scripts.delivery.aws import Clients, Patience
from scripts.delivery.console import Console
from scripts.delivery.engine import REPOSITORIES, Engine, UpdateError
from scripts.delivery.evidence import Investigation
from scripts.delivery.outcome import Outcome, outcome_of
from scripts.delivery.report import Report, lines, risk_lines
from scripts.delivery.risks import MEANINGS as RISKS
from scripts.delivery.rollout import TAKEN_BACK, Target, Watch, region_of, targets_of
from scripts.delivery.steps import Changes
from scripts.delivery.verdicts import DeliveryError, Verdict

GOOD, FAILED, USAGE, BLOCKED, DRIFTED = 0, 1, 2, 3, 4
"""Exit codes."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """`engine` for the stack, `report` to write into; `asks`: somebody is there, and wants to be asked."""

    engine: Engine
    report: Report
    console: Console
    asks: bool
    timeout_s: float
    patience: Patience
    clients: Callable[[str], Clients] = Clients

    def preview(self) -> int:
        """Show what would be done; BLOCKED when there is a risk that nobody allowed."""
        self._plan()
        return self._blocked_by_risk() if self.report.blocked else GOOD

    def drift(self) -> int:
        """Show what differs from what was deployed."""
        self.console.say(f"Comparing {self.report.stack} with what is there ...")
        self.report.planned = self.engine.drift()
        if not self.report.planned.changing:
            self.report.message = f"{self.report.stack} is as it was deployed."
            self.console.say(self.report.message)
            return GOOD
        self._show(lines(self.report))
        count = len(self.report.planned.changing)
        self.report.message = f"{count} resource{'s differ' if count > 1 else ' differs'} from what was deployed."
        self.console.complain(
            f"{self.report.message} If the program is right, `pulumi refresh` takes note of it and the next deployment "
            "puts it back; if not, change the program."
        )
        return DRIFTED

    def deploy(self) -> int:
        """Preview, ask, update, and wait until every service runs what was deployed."""
        self._plan()
        if self.report.blocked and not self._is_granted():
            return self._blocked_by_risk()
        if self.asks and not self.report.blocked and not self.console.agrees(f"Deploy {self.report.stack}?"):
            raise DeliveryError(Verdict.INTERRUPTED, "Nothing was deployed.")
        self.console.say(f"Deploying {self.report.stack} ...")
        try:
            self.report.done = self.engine.update(self._targets())
        except UpdateError as error:
            self.report.done = error.changes
            self._explain(error.changes)
            raise
        self.console.say(self.report.summary(done=True))
        self._show(risk_lines(self.report.late_findings, self.report.allowed))
        if self.report.kind == "repositories":
            self.report.verdict, self.report.message = Verdict.DEPLOYED, "The repositories are there: push the images."
            self.console.say(self.report.message)
            return GOOD
        return self._wait(targets_of(self.report.done))

    def _plan(self) -> None:
        self.console.say(f"Previewing {self.report.stack} ...")
        self.report.planned = self.engine.preview(self._targets())
        self._show(lines(self.report))

    def _targets(self) -> list[str] | None:
        return REPOSITORIES if self.report.kind == "repositories" else None

    def _is_granted(self) -> bool:
        """Whether whoever is there allows each of the risks."""
        return self.asks and all(
            self.console.agrees(f"{risk} ({RISKS[risk]}): allow it?") for risk in self.report.blocked
        )

    def _blocked_by_risk(self) -> int:
        risks = ", ".join(f"{risk} ({RISKS[risk]})" for risk in self.report.blocked)
        self.report.message = f"Blocked: {risks}. If that is meant, say so: {self.report.allowing}"
        self.console.complain(self.report.message)
        return BLOCKED

    def _wait(self, targets: list[Target]) -> int:
        clients = self.clients(region_of(targets))
        self.console.say(f"Waiting for {len(targets)} services at once ...")
        states = Watch(clients.ecs, targets, self._indented, self.timeout_s, self.patience).run()
        self.report.outcomes = [outcome_of(target, states[target.label], Investigation(clients)) for target in targets]
        bad = [outcome for outcome in self.report.outcomes if not outcome.good]
        self._tell(bad)
        if not bad:
            self.report.verdict = Verdict.DEPLOYED
            self.report.message = f"{self.report.stack} is deployed: every service runs what it should."
            self.console.say(self.report.message)
            return GOOD
        self.report.verdict = bad[0].verdict
        others = ", ".join(outcome.target.label for outcome in self.report.outcomes if outcome.good)
        failed = ", ".join(f"{outcome.target.label} ({outcome.verdict})" for outcome in bad)
        self.report.message = f"The deployment of {self.report.stack} failed: {failed}."
        self.console.complain(self.report.message + (f" As deployed: {others}." if others else ""))
        # Pulumi believes that its task definition runs, and would find nothing to do.
        again = f"To deploy the same again, let Pulumi see it first: `pulumi refresh --stack {self.report.stack}`."
        if any(one.progress.startswith(TAKEN_BACK) or one.verdict is Verdict.SUPERSEDED for one in bad):
            self.console.complain(again)
        return FAILED

    def _explain(self, changes: Changes) -> None:
        """After a failed update: what is wrong with the services that it was about, as far as that can be seen now."""
        steps = {step.urn: changes.steps.get(step.urn, step) for step in changes.failed}
        ours = targets_of(Changes(steps=steps, parents=changes.parents))
        if not ours:
            return
        try:
            clients = self.clients(region_of(ours))
            states = Watch(clients.ecs, ours, self._indented, 0, Patience(lost_s=0)).look()
            found = [outcome_of(target, states[target.label], Investigation(clients)) for target in ours]
        except (DeliveryError, ClientError, BotoCoreError) as error:
            self.console.complain(f"The services cannot be looked at: {error}")
            return
        self.report.outcomes = found
        self._tell([outcome for outcome in found if not outcome.good])

    def _tell(self, bad: list[Outcome]) -> None:
        for outcome in bad:
            self.console.complain(outcome.sentence())
            for line in outcome.details():
                self.console.complain(f"    {line}")

    def _show(self, written: list[str]) -> None:
        for line in written:
            self.console.say(line)

    def _indented(self, line: str) -> None:
        self.console.say(f"  {line}")
