"""A task definition becomes a process with exactly its environment, its secrets resolved."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scripts.local.engine.cloud import Cloud
from scripts.local.errors import LocalRunError
from scripts.local.state import State
from scripts.local.tasks import Task, read_task, run_to_end, secret_value
from tests.scripts.local.conftest import REGION, Engine


@pytest.fixture
def cloud(engine: Engine) -> Cloud:
    return Cloud(REGION)


def end(task: Task, state: State, patience: float = 10) -> None:
    run_to_end(task.family, task.command(), state, patience)


def task(argv: list[str]) -> Task:
    return Task(name="data", family="data-migrate", argv=argv, environment={"COLOUR": "red"}, image="", port=None)


def test_the_environment_is_the_task_definitions_with_secrets_and_the_hosts(cloud: Cloud) -> None:
    content = json.dumps({"username": "ann", "port": 5432})
    arn = cloud.call("secretsmanager.create_secret", Name="account", SecretString=content)["ARN"]
    container = {
        "name": "data",
        "image": "data@sha256:0",
        "command": ["python", "-m", "services.data", "serve"],
        "environment": [{"name": "COLOUR", "value": "red"}, {"name": "AWS_REGION", "value": "of-the-task"}],
        "secrets": [{"name": "USER_NAME", "valueFrom": f"{arn}:username::"}, {"name": "ALL", "valueFrom": arn}],
        "portMappings": [{"containerPort": 8002}],
        "cpu": 10,
        "memory": 128,
    }
    cloud.call("ecs.register_task_definition", family="data", containerDefinitions=[container])
    found = read_task(cloud, "data", {"AWS_REGION": "of-the-host", "AWS_ACCESS_KEY_ID": "test"})
    assert (found.name, found.family, found.port) == ("data", "data", 8002)
    assert found.environment == {
        "AWS_ACCESS_KEY_ID": "test", "AWS_REGION": "of-the-task", "COLOUR": "red", "USER_NAME": "ann", "ALL": content,
    }  # fmt: skip
    assert list(found.command().argv) == [sys.executable, "-m", "services.data", "serve"]


def test_a_number_in_a_secret_reaches_the_task_as_text(cloud: Cloud) -> None:
    arn = cloud.call("secretsmanager.create_secret", Name="numbers", SecretString='{"port": 5432}')["ARN"]
    assert secret_value(cloud, f"{arn}:port::") == "5432"


def test_a_version_of_a_secret_is_read_though_another_is_current(cloud: Cloud) -> None:
    made = cloud.call("secretsmanager.create_secret", Name="turns", SecretString='{"username": "before"}')
    cloud.call("secretsmanager.put_secret_value", SecretId=made["ARN"], SecretString='{"username": "after"}')
    assert secret_value(cloud, f"{made['ARN']}:username::") == "after"
    assert secret_value(cloud, f"{made['ARN']}:username::{made['VersionId']}") == "before"
    assert secret_value(cloud, f"{made['ARN']}:::{made['VersionId']}") == '{"username": "before"}'


def test_a_secret_without_the_wanted_member_is_named(cloud: Cloud) -> None:
    arn = cloud.call("secretsmanager.create_secret", Name="poor", SecretString='{"a": "b"}')["ARN"]
    with pytest.raises(LocalRunError, match=r"The secret poor-\w+ has no member 'password'"):
        secret_value(cloud, f"{arn}:password::")


def test_a_task_of_several_containers_is_refused(cloud: Cloud) -> None:
    container = {"image": "x", "command": ["x"], "cpu": 10, "memory": 128}
    containers = [{**container, "name": name} for name in ("a", "b")]
    cloud.call("ecs.register_task_definition", family="pair", containerDefinitions=containers)
    with pytest.raises(LocalRunError, match="pair: the local run knows tasks of one container, not of 2"):
        read_task(cloud, "pair", {})


def test_a_task_without_a_command_is_refused(cloud: Cloud) -> None:
    container = {"name": "a", "image": "x", "cpu": 10, "memory": 128}
    cloud.call("ecs.register_task_definition", family="silent", containerDefinitions=[container])
    with pytest.raises(LocalRunError, match="silent: its container has no command"):
        read_task(cloud, "silent", {})


def test_a_task_that_succeeds_leaves_its_log(tmp_path: Path) -> None:
    state = State(tmp_path)
    end(task(["python", "-c", "import os; print(os.environ['COLOUR'])"]), state)
    assert state.log("data-migrate").read_text() == "red\n"
    assert list(state.processes.iterdir()) == []


def test_a_task_that_fails_is_told_with_its_last_lines(tmp_path: Path) -> None:
    failing = task(["python", "-c", "print('no such table'); raise SystemExit(3)"])
    with pytest.raises(LocalRunError, match=r"data-migrate ended with 3 after .*\n    no such table$"):
        end(failing, State(tmp_path))


def test_a_task_that_does_not_end_is_killed(tmp_path: Path) -> None:
    with pytest.raises(LocalRunError, match="data-migrate took longer than 0 s"):
        end(task(["python", "-c", "import time; time.sleep(60)"]), State(tmp_path), patience=0.3)
