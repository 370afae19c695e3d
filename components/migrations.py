"""Database migrations as part of a deployment: one task that must end well before the service is touched."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import dynamic

_POLL_SECONDS = 3
_LOG_LINES = 20


class MigrationError(Exception):
    """The migration did not run, or did not end with exit code 0; the text says why, with its last log lines."""


@dataclass(frozen=True, kw_only=True)
class MigrationTask:
    """Where and what to run; `timeout_s` seconds from start to end."""

    cluster: str
    task_definition: str
    subnets: Sequence[str]
    security_groups: Sequence[str]
    assign_public_ip: bool
    log_group: str
    timeout_s: float


def run_migration(ecs: Any, logs: Any, task: MigrationTask, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Run the task and wait for its end. `ecs` and `logs` are boto3's clients. Raises MigrationError."""
    arn = _start(ecs, task)
    for _ in range(int(task.timeout_s / _POLL_SECONDS) + 1):
        # A task that was just started may not be found yet.
        found = ecs.describe_tasks(cluster=task.cluster, tasks=[arn])["tasks"]
        if found and found[0]["lastStatus"] == "STOPPED":
            return _judge(logs, task, found[0])
        sleep(_POLL_SECONDS)
    reason = f"migration took longer than {task.timeout_s:.0f} s"
    ecs.stop_task(cluster=task.cluster, task=arn, reason=reason)
    raise MigrationError(f"{reason} and was stopped: {_where(task)}{_last_lines(logs, task, arn)}")


def _start(ecs: Any, task: MigrationTask) -> str:
    answer = ecs.run_task(
        cluster=task.cluster,
        taskDefinition=task.task_definition,
        launchType="FARGATE",
        count=1,
        startedBy="pulumi",
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": list(task.subnets),
                "securityGroups": list(task.security_groups),
                "assignPublicIp": "ENABLED" if task.assign_public_ip else "DISABLED",
            }
        },
    )
    if not answer["tasks"]:
        reasons = ", ".join(failure.get("reason", "unknown") for failure in answer.get("failures", []))
        raise MigrationError(f"migration could not be started ({reasons or 'no reason given'}): {_where(task)}")
    return str(answer["tasks"][0]["taskArn"])


def _judge(logs: Any, task: MigrationTask, stopped: dict[str, Any]) -> None:
    codes = [container.get("exitCode") for container in stopped["containers"]]
    if codes and all(code == 0 for code in codes):
        return
    container_reasons = [container["reason"] for container in stopped["containers"] if container.get("reason")]
    reasons = "; ".join([stopped.get("stoppedReason", "stopped without a reason"), *container_reasons])
    raise MigrationError(
        f"migration failed, exit code {codes[0] if codes else None} ({reasons}): "
        f"{_where(task)}{_last_lines(logs, task, stopped['taskArn'])}"
    )


def _where(task: MigrationTask) -> str:
    return f"task definition {task.task_definition}"


def _last_lines(logs: Any, task: MigrationTask, task_arn: str) -> str:
    """The end of what the task wrote: its stream's name ends with the task's id, whatever its prefix."""
    task_id = task_arn.rsplit("/", 1)[-1]
    streams = logs.describe_log_streams(logGroupName=task.log_group, orderBy="LastEventTime", descending=True)
    for stream in streams["logStreams"]:
        if stream["logStreamName"].endswith(f"/{task_id}"):
            events = logs.get_log_events(
                logGroupName=task.log_group, logStreamName=stream["logStreamName"], limit=_LOG_LINES
            )["events"]
            return "".join(f"\n  {event['message'].rstrip()}" for event in events)
    return f"\n  no log stream in {task.log_group} ends with {task_id}: it wrote nothing"


class MigrationRunProvider(dynamic.ResourceProvider):
    """Runs in its own process, from a serialised copy: whatever it needs is imported inside its methods."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Run the migration; the resource's id is the task definition's."""
        self._run(props)
        return dynamic.CreateResult(id_=props["task_definition"], outs=self._outs(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> dynamic.UpdateResult:
        """Run the migration of the new task definition."""
        self._run(news)
        return dynamic.UpdateResult(outs=self._outs(news))

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Only another task definition, which is another image or another setting, is another migration."""
        return dynamic.DiffResult(changes=olds.get("task_definition") != news["task_definition"])

    def _outs(self, props: dict[str, Any]) -> dict[str, Any]:
        return {"task_definition": props["task_definition"]}

    def _run(self, props: dict[str, Any]) -> None:
        import boto3  # noqa: PLC0415

        run_migration(
            boto3.client("ecs", region_name=props["region"]),
            boto3.client("logs", region_name=props["region"]),
            MigrationTask(
                cluster=props["cluster"],
                task_definition=props["task_definition"],
                subnets=props["subnets"],
                security_groups=props["security_groups"],
                assign_public_ip=props["assign_public_ip"],
                log_group=props["log_group"],
                timeout_s=props["timeout_s"],
            ),
        )


class MigrationRun(dynamic.Resource, module="sri", name="MigrationRun"):
    """One run of a migrate task, again whenever `task_definition` changes. Deleting it undoes nothing."""

    task_definition: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        region: str,
        cluster: pulumi.Input[str],
        task_definition: pulumi.Input[str],
        subnets: Sequence[pulumi.Input[str]],
        security_groups: Sequence[pulumi.Input[str]],
        assign_public_ip: bool,
        log_group: pulumi.Input[str],
        timeout_s: int = 600,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {
            "region": region,
            "cluster": cluster,
            "task_definition": task_definition,
            "subnets": list(subnets),
            "security_groups": list(security_groups),
            "assign_public_ip": assign_public_ip,
            "log_group": log_group,
            "timeout_s": timeout_s,
        }
        super().__init__(MigrationRunProvider(), name, props, opts)
