"""Conversations with ECS, in the shapes that its API reference gives, for botocore's Stubber to answer with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from botocore.stub import Stubber

from scripts.delivery.aws import Clients, Patience
from scripts.delivery.rollout import Target

REGION = "eu-central-1"
CLUSTER = f"arn:aws:ecs:{REGION}:123456789012:cluster/sri-dev-1a2b3c4"
OLD_DIGEST, NEW_DIGEST = f"sha256:{'0d' * 32}", f"sha256:{'ee' * 32}"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def definition_arn(service: str, revision: int) -> str:
    return f"arn:aws:ecs:{REGION}:123456789012:task-definition/sri-dev-{service}:{revision}"


def target(service: str = "data", revision: int = 7) -> Target:
    """The service, told to run the revision."""
    return Target(
        label=service,
        cluster=CLUSTER,
        name=f"sri-dev-{service}-5e6f7a8",
        task_definition=definition_arn(service, revision),
    )


def deployment(
    revision: int,
    state: str | None = "IN_PROGRESS",
    *,
    status: str = "PRIMARY",
    running: int = 0,
    desired: int = 2,
    failed: int = 0,
    reason: str = "",
    service: str = "data",
) -> dict[str, Any]:
    """One deployment of a service."""
    return {
        "id": f"ecs-svc/{revision}",
        "status": status,
        "taskDefinition": definition_arn(service, revision),
        "desiredCount": desired,
        "runningCount": running,
        "pendingCount": max(desired - running, 0),
        "failedTasks": failed,
        **({"rolloutState": state, "rolloutStateReason": reason} if state else {}),
    }


def service(*deployments: dict[str, Any], name: str = "data", breaker: bool = True, **others: Any) -> dict[str, Any]:
    """A service as DescribeServices tells of it; `events`: its messages, newest first."""
    events = others.pop("events", [])
    return {
        "serviceName": f"sri-dev-{name}-5e6f7a8",
        "status": "ACTIVE",
        "deployments": list(deployments),
        "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": breaker, "rollback": breaker}},
        "events": [{"id": str(n), "createdAt": LONG_AGO, "message": text} for n, text in enumerate(events)],
        **others,
    }


def stopped(
    reason: str, *, code: int | None = None, why: str = "", revision: int = 7, task: str = "0dead"
) -> dict[str, Any]:
    """A task that is no more."""
    return _task(task, revision, "STOPPED") | {
        "stoppedReason": reason,
        "containers": [
            {"name": "data", **({} if code is None else {"exitCode": code}), **({"reason": why} if why else {})}
        ],
    }


def running(task: str = "0a11ve", *, revision: int = 6, digest: str = OLD_DIGEST) -> dict[str, Any]:
    """A task that runs."""
    image = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/sri-dev-data@{digest}"
    return _task(task, revision, "RUNNING") | {"containers": [{"name": "data", "image": image, "imageDigest": digest}]}


def _task(task: str, revision: int, status: str) -> dict[str, Any]:
    return {
        "taskArn": f"arn:aws:ecs:{REGION}:123456789012:task/sri-dev-1a2b3c4/{task}",
        "taskDefinitionArn": definition_arn("data", revision),
        "lastStatus": status,
        "createdAt": LONG_AGO,
    }


@cache
def _client(name: str) -> Any:
    return boto3.client(
        name,  # type: ignore[call-overload]  # the stubs want a literal
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


@dataclass(frozen=True)
class StubbedClients(Clients):
    """Clients that answer what a conversation says, and nothing else."""

    def _client(self, service: str) -> Any:
        return _client(service)


@dataclass
class Conversation:
    """What AWS will answer, in order, by client. Anything else that is asked is an error."""

    clients: Clients = field(default_factory=lambda: StubbedClients(REGION))
    _stubbers: dict[str, Stubber] = field(default_factory=dict)

    def on(self, client: str) -> Stubber:
        """The stubber of a client."""
        if client not in self._stubbers:
            self._stubbers[client] = Stubber(_client(client))
            self._stubbers[client].activate()
        return self._stubbers[client]

    def services(self, *found: dict[str, Any]) -> None:
        """The next DescribeServices."""
        self.on("ecs").add_response("describe_services", {"services": list(found)})

    def fails(self, client: str, operation: str, code: str, text: str = "no") -> None:
        """The next call of the operation is refused."""
        self.on(client).add_client_error(operation, service_error_code=code, service_message=text)

    def evidence(
        self,
        dead: list[dict[str, Any]],
        alive: list[dict[str, Any]],
        log: list[str] | None = None,
        *,
        revision: int = 7,
    ) -> None:
        """What an investigation asks ECS and the log, with one container that logs to CloudWatch."""
        image = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/sri-dev-data@{NEW_DIGEST}"
        options = {"awslogs-group": "/sri/dev/data", "awslogs-stream-prefix": "serve", "awslogs-region": REGION}
        container = {"name": "data", "image": image, "logConfiguration": {"logDriver": "awslogs", "options": options}}
        ecs = self.on("ecs")
        ecs.add_response("describe_task_definition", {"taskDefinition": {"containerDefinitions": [container]}},
                         {"taskDefinition": definition_arn("data", revision)})  # fmt: skip
        for status, tasks in (("STOPPED", dead), ("RUNNING", alive)):
            arns = [task["taskArn"] for task in tasks]
            expected = {"cluster": CLUSTER, "serviceName": target().name, "desiredStatus": status, "maxResults": 100}
            ecs.add_response("list_tasks", {"taskArns": arns}, expected)
            if arns:
                ecs.add_response("describe_tasks", {"tasks": tasks}, {"cluster": CLUSTER, "tasks": arns})
        if log is not None:
            self.on("logs").add_response("get_log_events", {"events": [{"message": line} for line in log]})

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        for stubber in self._stubbers.values():
            stubber.deactivate()
            if failed is None:
                stubber.assert_no_pending_responses()


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def patience(self, **others: Any) -> Patience:
        return Patience(clock=self, sleep=self.sleep, **others)


def conversation() -> Iterator[Conversation]:
    """A conversation that must have been held to its end."""
    with Conversation() as held:
        yield held
