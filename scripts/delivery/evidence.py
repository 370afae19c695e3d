"""Why a service did not come up: its dead tasks, its sick targets, its last words, and what still runs instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from scripts.delivery.aws import Clients, verdict_of
from scripts.delivery.diagnostics import redacted
from scripts.delivery.rollout import State, Target
from scripts.delivery.verdicts import Verdict

T = TypeVar("T")

LOG_LINES = 15
_TASKS = 100
_EVENTS = 5
_ORDINARY = ("Scaling activity initiated by", "Task stopped by user")
"""Stopped because something newer took over, not because it was sick."""


@dataclass(frozen=True, kw_only=True)
class DeadTask:
    """A task that stopped. `exits`: container -> its exit code (None: it never ran) and reason."""

    id: str
    reason: str
    exits: Mapping[str, tuple[int | None, str]]

    def __str__(self) -> str:
        ends = "; ".join(
            f"{name} "
            + (f"ended with exit code {code}" if code is not None else "never ran")
            + (f": {why}" if why else "")
            for name, (code, why) in self.exits.items()
        )
        return f"{self.id}: {self.reason}" + (f" ({ends})" if ends else "")


@dataclass
class Evidence:
    """What was found out about one service; `gaps`: what could not be looked at, and why."""

    tasks: list[DeadTask] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    log_lines: list[str] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    running: dict[str, int] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)


def cause(state: State, evidence: Evidence) -> Verdict:
    """The verdict that the evidence speaks for, where ECS itself says no more than that it failed."""
    verdict = state.verdict or Verdict.TIMED_OUT
    if verdict not in (Verdict.ROLLED_BACK, Verdict.TIMED_OUT):
        return verdict
    reasons = " ".join(str(task) for task in evidence.tasks)
    said = " ".join([reasons, *evidence.events])
    exits = [code for task in evidence.tasks for code, _ in task.exits.values() if code is not None]
    signs = (
        (Verdict.IMAGE_PULL_FAILED, "CannotPull" in said),
        (Verdict.CANNOT_START, "ResourceInitializationError" in said or "unable to place a task" in said),
        (Verdict.OUT_OF_MEMORY, "OutOfMemory" in reasons),
        # A task that ECS stops for its health ends with an exit code as well.
        (Verdict.HEALTH_CHECK_FAILED, "health check" in reasons.lower()),
        (Verdict.CRASH_LOOP, bool(exits)),
        (Verdict.HEALTH_CHECK_FAILED, bool(evidence.targets) or "health check" in said.lower()),
    )
    return next((verdict for verdict, found in signs if found), verdict)


@dataclass
class Investigation:
    """Looks into services that failed. What cannot be looked at is noted as a gap, and hides no other finding."""

    clients: Clients

    def of(self, target: Target, state: State) -> Evidence:
        """What can be found out about the service now."""
        found = Evidence()
        service = state.service or {}
        found.events = [redacted(event["message"]) for event in service.get("events", [])[:_EVENTS]]
        nothing: Mapping[str, Any] = {}
        definition = self._try(found, "its task definition", nothing, lambda: self._definition(target))
        found.wanted = [image["image"].rpartition("@")[2] for image in definition.get("containerDefinitions", [])]
        nobody: list[Mapping[str, Any]] = []
        stopped = self._try(found, "its stopped tasks", nobody, lambda: self._tasks(target, "STOPPED"))
        dead = [task for task in stopped if _is_of(task, target) and not _is_ordinary(task)]
        found.tasks = [_dead(task) for task in dead[:_EVENTS]]
        running = self._try(found, "its running tasks", nobody, lambda: self._tasks(target, "RUNNING"))
        found.running = dict(Counter(_image(task) for task in running if task.get("lastStatus") == "RUNNING"))
        found.targets = self._try(found, "its targets", [], lambda: list(self._sick(service)))
        found.alarms = self._try(found, "its alarms", [], lambda: list(self._alarms(service)))
        ours = [task for task in (*dead, *running) if _is_of(task, target)]
        found.log_lines = self._try(found, "its log", [], lambda: self._log(definition, ours))
        return found

    def _try(self, found: Evidence, what: str, otherwise: T, look: Callable[[], T]) -> T:
        try:
            return look()
        except (ClientError, BotoCoreError) as error:
            found.gaps.append(f"{what} cannot be looked at: {verdict_of(error) or 'error'} ({redacted(str(error))})")
            return otherwise

    def _definition(self, target: Target) -> Mapping[str, Any]:
        answer = self.clients.ecs.describe_task_definition(taskDefinition=target.task_definition)
        found: Mapping[str, Any] = answer["taskDefinition"]
        return found

    def _tasks(self, target: Target, status: str) -> list[Mapping[str, Any]]:
        ecs = self.clients.ecs
        arns = ecs.list_tasks(cluster=target.cluster, serviceName=target.name, desiredStatus=status, maxResults=_TASKS)[
            "taskArns"
        ]
        tasks = ecs.describe_tasks(cluster=target.cluster, tasks=arns)["tasks"] if arns else []
        return sorted(tasks, key=lambda task: str(task.get("createdAt", "")), reverse=True)

    def _sick(self, service: Mapping[str, Any]) -> Iterable[str]:
        elb = self.clients.elbv2
        for balancer in service.get("loadBalancers", []):
            arn = balancer["targetGroupArn"]
            health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
            sick = [item for item in health if item["TargetHealth"]["State"] == "unhealthy"]
            if not sick:
                continue
            group = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
            check = f"GET {group.get('HealthCheckPath', '/')} wants {group.get('Matcher', {}).get('HttpCode', '200')}"
            for item in sick:
                target, said = item["Target"], item["TargetHealth"]
                why = said.get("Description") or said.get("Reason") or "no reason given"
                yield f"{target['Id']}:{target.get('Port', '')} is unhealthy: {check}: {why}"

    def _alarms(self, service: Mapping[str, Any]) -> Iterable[str]:
        names = service.get("deploymentConfiguration", {}).get("alarms", {}).get("alarmNames", [])
        if not names:
            return
        answer = self.clients.cloudwatch.describe_alarms(AlarmNames=names, StateValue="ALARM")
        for alarm in answer.get("MetricAlarms", []):
            yield f"{alarm['AlarmName']}: {alarm.get('StateReason', 'no reason given')}"

    def _log(self, definition: Mapping[str, Any], tasks: list[Mapping[str, Any]]) -> list[str]:
        """The last lines of the newest of the tasks; its stream is `<prefix>/<container>/<task>`."""
        for container in definition.get("containerDefinitions", []):
            options = container.get("logConfiguration", {}).get("options", {})
            for task in tasks[:1] if options.get("awslogs-group") else []:
                task_id = task["taskArn"].rsplit("/", 1)[-1]
                stream = f"{options.get('awslogs-stream-prefix', '')}/{container['name']}/{task_id}"
                try:
                    events = self.clients.logs.get_log_events(
                        logGroupName=options["awslogs-group"],
                        logStreamName=stream,
                        limit=LOG_LINES,
                        startFromHead=False,
                    )["events"]
                except self.clients.logs.exceptions.ResourceNotFoundException:
                    return [f"(nothing: {stream} of {options['awslogs-group']} was never written)"]
                return [redacted(event["message"].rstrip()) for event in events]
        return []


def _is_of(task: Mapping[str, Any], target: Target) -> bool:
    return str(task.get("taskDefinitionArn", "")).rsplit("/", 1)[-1] == target.revision


def _is_ordinary(task: Mapping[str, Any]) -> bool:
    return str(task.get("stoppedReason", "")).startswith(_ORDINARY)


def _dead(task: Mapping[str, Any]) -> DeadTask:
    exits = {c["name"]: (c.get("exitCode"), redacted(c.get("reason", ""))) for c in task.get("containers", [])}
    reason = redacted(task.get("stoppedReason", "stopped without a reason"))
    return DeadTask(id=task["taskArn"].rsplit("/", 1)[-1], reason=reason, exits=exits)


def _image(task: Mapping[str, Any]) -> str:
    """The digest that a task runs, however its image is named."""
    container: Mapping[str, Any] = next(iter(task.get("containers", [])), {})
    image = str(container.get("image", "an unknown image"))
    return str(container.get("imageDigest") or image.rpartition("@")[2])
