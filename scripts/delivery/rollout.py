"""Waiting for ECS: every service at once, until each runs what was deployed, or never will."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from scripts.delivery.aws import Patience
from scripts.delivery.steps import Changes
from scripts.delivery.verdicts import DeliveryError, Verdict
from scripts.stack import UNKNOWN

_AT_A_TIME = 10
"""So many services DescribeServices takes (API reference)."""

_DEATHS = 3
"""So many failed tasks ECS's own circuit breaker bears at least; without one, nobody else counts."""

TAKEN_BACK = "rolled back to"
"""How the progress of a service begins that ECS has put back to an older task definition."""

_HEARTBEAT_S = 30
_BEFORE = timedelta(minutes=2)
_SERVICE = "aws:ecs/service:Service"


@dataclass(frozen=True, kw_only=True)
class Target:
    """One ECS service, and the task definition (ARN) that it was told to run."""

    label: str
    cluster: str
    name: str
    task_definition: str

    @property
    def region(self) -> str:
        """The region that its cluster's ARN names."""
        return self.cluster.split(":")[3]

    @property
    def revision(self) -> str:
        """The task definition as people write it, family:number."""
        return self.task_definition.rsplit("/", 1)[-1]


@dataclass(frozen=True, kw_only=True)
class State:
    """What ECS says of a service now. `verdict` is None while it is under way; `reason` is ECS's own word."""

    verdict: Verdict | None
    progress: str
    reason: str = ""
    service: Mapping[str, Any] | None = None


def targets_of(changes: Changes) -> list[Target]:
    """The services that the run deployed or left as they were, each with what it was told to run."""
    found = []
    for step in changes.of_type(_SERVICE):
        inputs = {**step.old, **step.new, **{key: value for key, value in step.outputs.items() if value}}
        wanted = step.new.get("taskDefinition") or inputs.get("taskDefinition")
        if wanted and UNKNOWN not in (wanted, inputs.get("cluster"), inputs.get("name")):
            label = changes.component(step).removeprefix("service ")
            found.append(
                Target(label=label, cluster=inputs["cluster"], name=inputs["name"], task_definition=str(wanted))
            )
    return sorted(found, key=lambda target: target.label)


def judge(target: Target, service: Mapping[str, Any] | None) -> State:
    """What a description of the service (DescribeServices) says about the deployment of `target`."""
    if service is None or service.get("status") != "ACTIVE":
        return State(verdict=Verdict.GONE, progress="gone", service=service)
    deployments = service.get("deployments", [])
    primary: Mapping[str, Any] = next((d for d in deployments if d.get("status") == "PRIMARY"), {})
    ours = next((d for d in deployments if _same(d.get("taskDefinition"), target.task_definition)), None)
    if not _same(primary.get("taskDefinition"), target.task_definition):
        return _taken_back(target, service, primary, ours)
    state, reason = primary.get("rolloutState"), primary.get("rolloutStateReason", "")
    running, desired = primary.get("runningCount", 0), primary.get("desiredCount", 0)
    dead = primary.get("failedTasks", 0)
    progress = f"{running} of {desired} running" + (f", {dead} failed" if dead else "")
    if state == "FAILED":
        return State(verdict=_by_alarm(reason), progress="failed", reason=reason, service=service)
    settled = state == "COMPLETED" or (state is None and len(deployments) == 1)
    if settled and running >= desired:
        return State(verdict=Verdict.DEPLOYED, progress=progress, service=service)
    breaker = service.get("deploymentConfiguration", {}).get("deploymentCircuitBreaker", {}).get("enable")
    if dead >= _DEATHS and not breaker:
        reason = f"{dead} tasks failed, and no circuit breaker stops it"
        return State(verdict=Verdict.ROLLED_BACK, progress=progress, reason=reason, service=service)
    return State(verdict=None, progress=progress, service=service)


def _taken_back(
    target: Target, service: Mapping[str, Any], primary: Mapping[str, Any], ours: Mapping[str, Any] | None
) -> State:
    """Something else is to run now: ECS rolled back, or somebody deployed something else."""
    reasons = [str(d.get("rolloutStateReason", "")) for d in (ours or {}, primary)]
    said = [event.get("message", "") for event in service.get("events", []) if _is_about(event, primary)]
    rolled = [text for text in (*reasons, *said) if "rolling back" in text or "rolled back" in text or "failed" in text]
    back_to = str(primary.get("taskDefinition", "")).rsplit("/", 1)[-1]
    if rolled or (ours or {}).get("rolloutState") == "FAILED":
        reason = next((text for text in reasons if text), rolled[0] if rolled else "")
        return State(
            verdict=_by_alarm(" ".join(rolled)), progress=f"{TAKEN_BACK} {back_to}", reason=reason, service=service
        )
    reason = f"{back_to} is deployed instead of {target.revision}"
    return State(verdict=Verdict.SUPERSEDED, progress="superseded", reason=reason, service=service)


def _is_about(event: Mapping[str, Any], primary: Mapping[str, Any]) -> bool:
    """Whether the event may be why the deployment is primary now: an older one is of something else."""
    at, since = event.get("createdAt"), primary.get("createdAt")
    return at is None or since is None or bool(at >= since - _BEFORE)


def _by_alarm(reason: str) -> Verdict:
    return Verdict.ALARM if "alarm" in reason.lower() else Verdict.ROLLED_BACK


def _same(one: str | None, other: str) -> bool:
    """ECS answers with ARNs; a service may have been told `family:revision` alone."""
    return bool(one) and str(one).rsplit("/", 1)[-1] == other.rsplit("/", 1)[-1]


@dataclass
class Watch:
    """Waits for services. `say` hears a line whenever one of them gets on, and every half minute anyway."""

    ecs: Any
    targets: Sequence[Target]
    say: Callable[[str], None]
    timeout_s: float
    patience: Patience

    def run(self) -> dict[str, State]:
        """The last state of each service by its label; none is waited for longer than `timeout_s` seconds.

        Raises DeliveryError where AWS cannot be asked any more.
        """
        clock = self.patience.clock
        began = said_at = clock()
        states: dict[str, State] = {}
        while True:
            now = self.look()
            for label, state in now.items():
                if label not in states or states[label].progress != state.progress or state.verdict:
                    self._tell(label, state, states.get(label))
                    said_at = clock()
            states |= now
            waiting = [target.label for target in self.targets if states[target.label].verdict is None]
            if not waiting:
                return states
            if clock() - began >= self.timeout_s:
                return states | {label: _late(states[label], self.timeout_s) for label in waiting}
            if clock() - said_at >= _HEARTBEAT_S:
                self.say(f"still waiting for {', '.join(waiting)} after {clock() - began:.0f} s")
                said_at = clock()
            self.patience.sleep(self.patience.pause_s)

    def look(self) -> dict[str, State]:
        """What ECS says of every service now."""
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for cluster in dict.fromkeys(target.cluster for target in self.targets):
            names = [target.name for target in self.targets if target.cluster == cluster]
            for chunk in _chunks(names):
                describe = partial(self.ecs.describe_services, cluster=cluster, services=chunk)
                answer = self.patience.ask("ecs:DescribeServices", describe)
                found |= {(cluster, service["serviceName"]): service for service in answer["services"]}
        return {target.label: judge(target, found.get((target.cluster, target.name))) for target in self.targets}

    def _tell(self, label: str, state: State, before: State | None) -> None:
        if before is not None and before.verdict is not None:
            return
        self.say(f"{label}: {state.progress}" + (f" ({state.reason})" if state.reason else ""))


def region_of(targets: Sequence[Target]) -> str:
    """The one region that the services are in; DeliveryError where there is none."""
    if not targets:
        raise DeliveryError(Verdict.GONE, "The stack has no service to wait for.")
    return targets[0].region


def _late(state: State, timeout_s: float) -> State:
    reason = f"not settled after {timeout_s / 60:g} minutes"
    return State(verdict=Verdict.TIMED_OUT, progress=state.progress, reason=reason, service=state.service)


def _chunks(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[start : start + _AT_A_TIME] for start in range(0, len(names), _AT_A_TIME))
