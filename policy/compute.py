"""Rules about tasks, services and what they leave in logs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from policy.rule import Inputs, rule

TASK = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"

FARGATE_GB: dict[int, tuple[float, float]] = {
    256: (0.5, 2),
    512: (1, 4),
    1024: (2, 8),
    2048: (4, 16),
    4096: (8, 30),
    8192: (16, 60),
    16384: (32, 120),
}
"""CPU units -> least and most memory (ECS developer guide, "fargate-tasks-services")."""

SECRETIVE = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE|CREDENTIAL|API_?KEY|SESSION_KEYS?$")


def _containers(inputs: Inputs) -> list[dict[str, Any]]:
    text = inputs.get("containerDefinitions")
    return json.loads(text) if isinstance(text, str) and text.startswith("[") else []


@rule(TASK)
def task_has_a_size_that_fargate_has(inputs: Inputs) -> Iterator[str]:
    """CPU and memory are a pair that Fargate has."""
    cpu, memory = int(inputs.get("cpu") or 0), int(inputs.get("memory") or 0) / 1024
    least, most = FARGATE_GB.get(cpu, (0, 0))
    if not (least <= memory <= most and memory > 0) or (memory % 1 and memory != 0.5):
        yield f"Fargate has no {memory:g} GB with {cpu} CPU units"


@rule(TASK)
def container_runs_without_root(inputs: Inputs) -> Iterator[str]:
    """A container names a user that is not root."""
    for container in _containers(inputs):
        user = str(container.get("user") or "")
        if user.partition(":")[0] in ("", "0", "root"):
            yield f"{container.get('name')} runs as {user or 'whoever the image says'}"


@rule(TASK)
def container_cannot_change_itself(inputs: Inputs) -> Iterator[str]:
    """A container's root file system is read-only."""
    for container in _containers(inputs):
        if container.get("readonlyRootFilesystem") is not True:
            yield f"{container.get('name')} may write to its root file system"


@rule(TASK)
def container_has_no_privilege(inputs: Inputs) -> Iterator[str]:
    """A container drops every capability and is not privileged."""
    for container in _containers(inputs):
        capabilities = (container.get("linuxParameters") or {}).get("capabilities") or {}
        if container.get("privileged") or capabilities.get("add") or "ALL" not in (capabilities.get("drop") or []):
            yield f"{container.get('name')} keeps capabilities"


@rule(TASK, cloud_only=True)
def container_image_is_named_by_digest(inputs: Inputs) -> Iterator[str]:
    """What runs is what was tested: an image is named by its digest, never by a tag that can move."""
    for container in _containers(inputs):
        if not re.search(r"@sha256:[0-9a-f]{64}$", str(container.get("image"))):
            yield f"{container.get('name')} runs {container.get('image')!r}"


@rule(TASK)
def container_is_told_no_secret_in_the_clear(inputs: Inputs) -> Iterator[str]:
    """What is secret is given by ARN, never as plain environment."""
    for container in _containers(inputs):
        for variable in container.get("environment") or []:
            if SECRETIVE.search(str(variable.get("name"))):
                yield f"{container.get('name')} is told {variable.get('name')} in the clear"


@rule(TASK)
def container_logs(inputs: Inputs) -> Iterator[str]:
    """What a container writes is kept."""
    for container in _containers(inputs):
        if not (container.get("logConfiguration") or {}).get("logDriver"):
            yield f"{container.get('name')} has no log driver"


@rule(TASK)
def task_network_is_its_own(inputs: Inputs) -> Iterator[str]:
    """Each task has its own address, and so its own security group."""
    if inputs.get("networkMode") != "awsvpc":
        yield f"networkMode is {inputs.get('networkMode')!r}"


@rule(SERVICE)
def deployment_rolls_back(inputs: Inputs) -> Iterator[str]:
    """A deployment whose tasks do not start is taken back."""
    breaker = inputs.get("deploymentCircuitBreaker") or {}
    if not (breaker.get("enable") and breaker.get("rollback")):
        yield "deploymentCircuitBreaker is off, or does not roll back"


@rule(SERVICE)
def deployment_keeps_everything_running(inputs: Inputs) -> Iterator[str]:
    """New tasks start before old ones stop."""
    if int(inputs.get("deploymentMinimumHealthyPercent") or 0) < 100:
        yield "deploymentMinimumHealthyPercent is below 100"


@rule(SERVICE)
def nobody_opens_a_shell_in_a_task(inputs: Inputs) -> Iterator[str]:
    """ECS Exec is off: a shell in a task has the task's secrets."""
    if inputs.get("enableExecuteCommand"):
        yield "enableExecuteCommand is on"


@rule("aws:cloudwatch/logGroup:LogGroup")
def logs_expire(inputs: Inputs) -> Iterator[str]:
    """A log group says how long it keeps what it has: without, for ever."""
    if not inputs.get("retentionInDays"):
        yield "retentionInDays is missing"


@rule("aws:cloudwatch/metricAlarm:MetricAlarm")
def alarms_are_heard(inputs: Inputs) -> Iterator[str]:
    """An alarm tells somebody, and says what it means."""
    if not inputs.get("alarmActions") or not inputs.get("alarmDescription"):
        yield "alarmActions or alarmDescription is missing"
