"""Prove that the backups can be restored: `python -m scripts.restore_drill --help`.

Restores the database (an instance, or an Aurora cluster) to its latest point in time as one of its own, in the same
subnets and behind the same security group, compares it with the original in a one-off task (the service's own task
definition, with another command), and deletes it again. Nothing of the running stack is touched. It costs one instance
for about half an hour.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.restore_source import Source, source_of

PROBE = Path(__file__).with_name("restore_probe.py").read_text(encoding="utf-8")
"""The program that the task is given, which compares the copy with the original."""


class DrillError(Exception):
    """The backups could not be shown to work; the text says why and what was left behind, if anything."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Who compares: the ECS service `service` on `cluster`."""

    cluster: str
    service: str
    timeout_s: float = 3600


def drill(source: Source, ecs: Any, target: Target, say: Callable[[str], None], pause_s: float = 15.0) -> float:
    """Restore, compare, delete; the seconds from the start until the copy could be asked (the recovery time).

    `ecs` is boto3's client. Raises DrillError; the copy is deleted in any case.
    """
    began = time.monotonic()
    if not source.keeps_backups():
        raise DrillError(f"{source.name} keeps no backups: set sri:database.backup_days")
    copy = f"{source.name[:40]}-drill-{int(time.time())}"
    say(f"restoring {source.name} as {copy}")
    source.restore(copy)
    try:
        _wait_until_available(source, copy, target.timeout_s, pause_s)
        taken = time.monotonic() - began
        say(f"available after {taken:.0f} s")
        if not source.is_sound(copy):
            raise DrillError(f"{copy} is not encrypted, or public: the restore lost what protects the data")
        _compare(ecs, target, source.address(source.name), source.address(copy), pause_s)
    finally:
        source.delete(copy)
        say(f"deleting {copy}")
    return taken


def _wait_until_available(source: Source, copy: str, timeout_s: float, pause_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while (status := source.status(copy)) != "available":
        if time.monotonic() > deadline:
            raise DrillError(f"{copy} is still {status} after {timeout_s:.0f} s")
        time.sleep(pause_s)


def _compare(ecs: Any, target: Target, original: str, copy: str, pause_s: float) -> None:
    """Run the service's own task definition once, with both hosts: same image, same role, same password."""
    service = ecs.describe_services(cluster=target.cluster, services=[target.service])["services"][0]
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    name = definition["containerDefinitions"][0]["name"]
    override = {
        "name": name,
        "command": ["python", "-c", PROBE],
        "environment": [{"name": "DATABASE_HOST", "value": copy}, {"name": "ORIGINAL_HOST", "value": original}],
    }
    started = ecs.run_task(
        cluster=target.cluster,
        taskDefinition=service["taskDefinition"],
        launchType="FARGATE",
        networkConfiguration=service["networkConfiguration"],
        overrides={"containerOverrides": [override]},
        startedBy="restore-drill",
    )
    if not started["tasks"]:
        raise DrillError(f"the asking task could not be started: {started.get('failures')}")
    task = started["tasks"][0]["taskArn"]
    deadline = time.monotonic() + 600
    while True:
        stopped = ecs.describe_tasks(cluster=target.cluster, tasks=[task])["tasks"][0]
        if stopped["lastStatus"] == "STOPPED":
            break
        if time.monotonic() > deadline:
            ecs.stop_task(cluster=target.cluster, task=task, reason="the restore drill gave up")
            raise DrillError(f"the asking task {task} did not end within 600 s")
        time.sleep(pause_s)
    code = stopped["containers"][0].get("exitCode")
    if code != 0:
        reason = stopped.get("stoppedReason", "no reason given")
        raise DrillError(f"the copy does not answer as it should: exit code {code} ({reason}); see the log of {name}")


def main(arguments: Sequence[str]) -> int:
    """0 when the backups work, 1 with the reason when not."""
    parser = argparse.ArgumentParser(prog="python -m scripts.restore_drill", description="Prove that backups restore.")
    parser.add_argument("--database", required=True, help="identifier: the first label of output database_endpoint")
    parser.add_argument("--cluster", required=True, help="output cluster_name")
    parser.add_argument(
        "--service", required=True, help="ECS service to ask with, such as data of output service_names"
    )
    parser.add_argument("--region", required=True)
    given = parser.parse_args(arguments)
    import boto3  # noqa: PLC0415  (slow; not for --help)

    rds, ecs = (boto3.client(kind, region_name=given.region) for kind in ("rds", "ecs"))
    target = Target(cluster=given.cluster, service=given.service)
    try:
        taken = drill(source_of(rds, given.database), ecs, target, lambda line: print(line, flush=True))
    except DrillError as error:
        sys.stderr.write(f"restore drill FAILED: {error}\n")
        return 1
    sys.stdout.write(f"restore drill passed: recovery took {taken:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
