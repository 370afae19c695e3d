"""Migrations as a task: waited for, judged by its exit code, explained by its last log lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from components.migrations import MigrationError, MigrationRunProvider, MigrationTask, run_migration
from tests.support.stacks import provider_of, stack

CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/sri"
TASK_ARN = "arn:aws:ecs:us-east-1:123456789012:task/sri/0123456789abcdef"
TASK = MigrationTask(
    cluster=CLUSTER,
    task_definition="sri-dev-data-migrate:7",
    subnets=["subnet-a"],
    security_groups=["sg-data"],
    assign_public_ip=True,
    log_group="/sri/dev/data",
    timeout_s=9,
)


class Emulated:
    """ECS and CloudWatch Logs that answer exactly what a test has told them to, in that order."""

    def __init__(self) -> None:
        session = boto3.Session("test", "test", region_name="us-east-1")
        self.ecs: Any = session.client("ecs")
        self.logs: Any = session.client("logs")
        self.ecs_stub, self.logs_stub = Stubber(self.ecs), Stubber(self.logs)
        self.slept: list[float] = []

    def starts(self) -> None:
        expected = {
            "cluster": CLUSTER,
            "taskDefinition": TASK.task_definition,
            "launchType": "FARGATE",
            "count": 1,
            "startedBy": "pulumi",
            "networkConfiguration": {
                "awsvpcConfiguration": {
                    "subnets": ["subnet-a"],
                    "securityGroups": ["sg-data"],
                    "assignPublicIp": "ENABLED",
                }
            },
        }
        self.ecs_stub.add_response("run_task", {"tasks": [{"taskArn": TASK_ARN}], "failures": []}, expected)

    def is_in(self, status: str | None, **more: Any) -> None:
        tasks = [] if status is None else [{"taskArn": TASK_ARN, "lastStatus": status, "containers": [], **more}]
        expected = {"cluster": CLUSTER, "tasks": [TASK_ARN]}
        self.ecs_stub.add_response("describe_tasks", {"tasks": tasks}, expected)

    def wrote(self, *lines: str) -> None:
        streams = [{"logStreamName": "serve/data/other"}, {"logStreamName": "migrate/data/0123456789abcdef"}]
        self.logs_stub.add_response("describe_log_streams", {"logStreams": streams}, ANY_STREAMS)
        expected = {"logGroupName": TASK.log_group, "logStreamName": streams[1]["logStreamName"], "limit": 20}
        self.logs_stub.add_response("get_log_events", {"events": [{"message": line} for line in lines]}, expected)

    def run(self, task: MigrationTask = TASK) -> None:
        run_migration(self.ecs, self.logs, task, sleep=self.slept.append)


ANY_STREAMS = {"logGroupName": TASK.log_group, "orderBy": ANY, "descending": ANY}


@pytest.fixture
def aws() -> Iterator[Emulated]:
    """What is told must also have been asked for by the end of the test."""
    emulated = Emulated()
    with emulated.ecs_stub, emulated.logs_stub:
        yield emulated
        emulated.ecs_stub.assert_no_pending_responses()
        emulated.logs_stub.assert_no_pending_responses()


def test_a_migration_is_waited_for_until_it_has_ended(aws: Emulated) -> None:
    aws.starts()
    for status in (None, "PROVISIONING", "RUNNING"):
        aws.is_in(status)
    aws.is_in("STOPPED", containers=[{"exitCode": 0}])
    aws.run()
    assert len(aws.slept) == 3


def test_a_failed_migration_is_an_error_with_its_reason_and_its_last_lines(aws: Emulated) -> None:
    aws.starts()
    aws.is_in("STOPPED", stoppedReason="Essential container in task exited", containers=[{"exitCode": 1}])
    aws.wrote("connecting\n", "no such column: price\n")
    with pytest.raises(MigrationError) as raised:
        aws.run()
    assert str(raised.value) == (
        "migration failed, exit code 1 (Essential container in task exited): "
        "task definition sri-dev-data-migrate:7\n  connecting\n  no such column: price"
    )


def test_a_container_that_never_started_is_an_error_with_the_containers_reason(aws: Emulated) -> None:
    aws.starts()
    reason = "CannotPullContainerError: no such digest"
    aws.is_in("STOPPED", stoppedReason="Task failed to start", containers=[{"reason": reason}])
    aws.logs_stub.add_response("describe_log_streams", {"logStreams": []}, ANY_STREAMS)
    with pytest.raises(MigrationError, match=rf"exit code None .Task failed to start; {reason}.*\n.*it wrote nothing"):
        aws.run()


def test_a_task_without_a_container_did_not_succeed(aws: Emulated) -> None:
    aws.starts()
    aws.is_in("STOPPED", stoppedReason="gone")
    aws.wrote("nothing")
    with pytest.raises(MigrationError, match=r"exit code None \(gone\)"):
        aws.run()


def test_a_task_that_cannot_be_placed_is_an_error_with_ecs_reason(aws: Emulated) -> None:
    failures = {"tasks": [], "failures": [{"arn": "x", "reason": "RESOURCE:ENI"}]}
    aws.ecs_stub.add_response("run_task", failures)
    with pytest.raises(MigrationError, match=r"could not be started \(RESOURCE:ENI\)"):
        aws.run()


def test_a_migration_that_takes_too_long_is_stopped_and_is_an_error(aws: Emulated) -> None:
    aws.starts()
    for _ in range(4):
        aws.is_in("RUNNING")
    reason = "migration took longer than 9 s"
    aws.ecs_stub.add_response("stop_task", {}, {"cluster": CLUSTER, "task": TASK_ARN, "reason": reason})
    aws.wrote("waiting for the lock")
    with pytest.raises(MigrationError, match=r"longer than 9 s and was stopped: .*\n  waiting for the lock"):
        aws.run()


def test_private_tasks_get_no_public_address(aws: Emulated) -> None:
    aws.ecs_stub.add_response("run_task", {"tasks": [{"taskArn": TASK_ARN}]})
    sent: list[dict[str, Any]] = []
    aws.ecs.meta.events.register("provide-client-params.ecs.RunTask", lambda params, **_: sent.append(params))
    aws.is_in("STOPPED", containers=[{"exitCode": 0}])
    aws.run(replace(TASK, assign_public_ip=False))
    assert sent[0]["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"


def test_only_another_task_definition_is_another_run() -> None:
    provider = MigrationRunProvider()
    olds = {"task_definition": "data:1"}
    assert provider.diff("data:1", olds, {"task_definition": "data:1", "subnets": ["other"]}).changes is False
    assert provider.diff("data:1", olds, {"task_definition": "data:2"}).changes is True


def test_the_serialised_provider_names_its_code_and_carries_no_secret() -> None:
    run = stack("dev").one(":MigrationRun", "sri-dev-data-migrate")
    provider = provider_of(run)
    assert isinstance(provider, MigrationRunProvider)
    assert len(run.inputs["__provider"]) < 500
    assert "__provider" not in run.secret_inputs


def test_a_run_is_given_its_own_task_definition_and_log_group() -> None:
    built = stack("dev")
    run = built.one(":MigrationRun", "sri-dev-identity-migrate")
    assert run.inputs["task_definition"] == "arn:aws:ecs:us-east-1:123456789012:sri-dev-identity-migrate"
    assert run.inputs["log_group"] == "/sri/dev/identity"
    assert run.inputs["security_groups"] == ["sri-dev-identity-id"]
