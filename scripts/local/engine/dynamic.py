"""Dynamic resources: their provider is Python code that travels with their inputs."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from typing import Any

import dill  # type: ignore[import-untyped]
from pulumi.dynamic import ResourceProvider

from scripts.local.engine.cloud import Cloud
from scripts.local.engine.facts import LocalFacts
from scripts.local.errors import LocalRunError

PREFIX = "pulumi-python:dynamic"
PROVIDER_KEY = "__provider"

_ONE_AT_A_TIME = threading.Lock()
"""Such code makes boto3 clients of its own, which two threads must not do at once."""

Made = tuple[str, dict[str, Any]]


def handles(kind: str) -> bool:
    """Whether the type is a dynamic resource's."""
    return kind.startswith(PREFIX)


def make(kind: str, inputs: dict[str, Any], cloud: Cloud, facts: LocalFacts) -> Made:
    """Make the resource: id and outputs. Its own code does it, unless the type has a row here."""
    return SPECIAL.get(kind, run_provider)(inputs, cloud, facts)


def run_provider(inputs: dict[str, Any], _cloud: Cloud, _facts: LocalFacts) -> Made:
    """Check and create by the resource's own code, as Pulumi's host for such providers does it."""
    with _ONE_AT_A_TIME:
        provider: ResourceProvider = dill.loads(base64.b64decode(inputs[PROVIDER_KEY]))  # noqa: S301 - the program's own
        checked = provider.check({}, {name: value for name, value in inputs.items() if name != PROVIDER_KEY})
        if checked.failures:
            raise LocalRunError("; ".join(f"{failure.property}: {failure.reason}" for failure in checked.failures))
        try:
            created = provider.create(checked.inputs)
        except Exception as error:
            raise LocalRunError(f"{type(error).__name__}: {error}") from error
    return created.id, {**inputs, **(created.outs or {})}


def generated_secret(inputs: dict[str, Any], cloud: Cloud, facts: LocalFacts) -> Made:
    """A value that is generated once: what an earlier run generated is put back before the provider looks."""
    secret = inputs["secret_id"]
    name = cloud.call("secretsmanager.describe_secret", SecretId=secret)["Name"]
    kept = facts.state.kept_secret(name)
    if kept is not None:
        cloud.call("secretsmanager.put_secret_value", SecretId=secret, SecretString=kept)
    made = run_provider(inputs, cloud, facts)
    facts.state.keep_secret(name, cloud.call("secretsmanager.get_secret_value", SecretId=secret)["SecretString"])
    return made


def migration_run(inputs: dict[str, Any], cloud: Cloud, facts: LocalFacts) -> Made:
    """The task definition's command, run here instead of on Fargate."""
    definition = inputs["task_definition"]
    facts.run_task(cloud, definition)
    return definition, {**inputs, "task_definition": definition}


SPECIAL: dict[str, Callable[[dict[str, Any], Cloud, LocalFacts], Made]] = {
    f"{PREFIX}/sri:GeneratedSecret": generated_secret,
    f"{PREFIX}/sri:MigrationRun": migration_run,
}
