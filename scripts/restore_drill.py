"""Prove that the backups can be restored: `python -m scripts.restore_drill --help`.

Restores the database to its latest point in time as an instance of its own, in the same subnets and behind the same
security group, compares it with the original in a one-off task (the service's own task definition, with another
command), and deletes it again. Nothing of the running stack is touched. It costs one instance for about half an hour.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROBE = Path(__file__).with_name("restore_probe.py").read_text(encoding="utf-8")
"""The program that the task is given, which compares the copy with the original."""


class DrillError(Exception):
    """The backups could not be shown to work; the text says why and what was left behind, if anything."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is drilled: the database instance `source` of a stack, asked by `service` on `cluster`."""

    source: str
    cluster: str
    service: str
    timeout_s: float = 3600


def drill(rds: Any, ecs: Any, target: Target, say: Callable[[str], None], pause_s: float = 15.0) -> float:
    """Restore, ask, delete; the seconds from the start until the copy could be asked (the recovery time).

    `rds` and `ecs` are boto3's clients. Raises DrillError; the copy is deleted in any case.
    """
    began = time.monotonic()
    original = rds.describe_db_instances(DBInstanceIdentifier=target.source)["DBInstances"][0]
    if not original.get("BackupRetentionPeriod"):
        raise DrillError(f"{target.source} keeps no backups: set sri:database.backup_days")
    copy = f"{target.source[:40]}-drill-{int(time.time())}"
    say(f"restoring {target.source} as {copy}")
    _restore(rds, original, copy)
    try:
        _wait_until_available(rds, copy, target.timeout_s, pause_s)
        taken = time.monotonic() - began
        say(f"available after {taken:.0f} s")
        restored = rds.describe_db_instances(DBInstanceIdentifier=copy)["DBInstances"][0]
        if not restored.get("StorageEncrypted") or restored.get("PubliclyAccessible"):
            raise DrillError(f"{copy} is not encrypted, or public: the restore lost what protects the data")
        _compare(ecs, target, original["Endpoint"]["Address"], restored["Endpoint"]["Address"], pause_s)
    finally:
        rds.delete_db_instance(DBInstanceIdentifier=copy, SkipFinalSnapshot=True, DeleteAutomatedBackups=True)
        say(f"deleting {copy}")
    return taken


def _restore(rds: Any, original: dict[str, Any], copy: str) -> None:
    rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=original["DBInstanceIdentifier"],
        TargetDBInstanceIdentifier=copy,
        UseLatestRestorableTime=True,
        DBInstanceClass=original["DBInstanceClass"],
        DBSubnetGroupName=original["DBSubnetGroup"]["DBSubnetGroupName"],
        DBParameterGroupName=original["DBParameterGroups"][0]["DBParameterGroupName"],
        VpcSecurityGroupIds=[group["VpcSecurityGroupId"] for group in original["VpcSecurityGroups"]],
        PubliclyAccessible=False,
        MultiAZ=False,
        DeletionProtection=False,
        Tags=[{"Key": "Purpose", "Value": "restore drill, may be deleted"}],
    )


def _wait_until_available(rds: Any, copy: str, timeout_s: float, pause_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        status = rds.describe_db_instances(DBInstanceIdentifier=copy)["DBInstances"][0]["DBInstanceStatus"]
        if status == "available":
            return
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
    parser.add_argument("--instance", required=True, help="DB instance identifier (first label of database_endpoint)")
    parser.add_argument("--cluster", required=True, help="output cluster_name")
    parser.add_argument(
        "--service", required=True, help="ECS service to ask with, such as data of output service_names"
    )
    parser.add_argument("--region", required=True)
    given = parser.parse_args(arguments)
    import boto3  # noqa: PLC0415  (slow; not for --help)

    rds, ecs = (boto3.client(kind, region_name=given.region) for kind in ("rds", "ecs"))
    target = Target(source=given.instance, cluster=given.cluster, service=given.service)
    try:
        taken = drill(rds, ecs, target, lambda line: print(line, flush=True))
    except DrillError as error:
        sys.stderr.write(f"restore drill FAILED: {error}\n")
        return 1
    sys.stdout.write(f"restore drill passed: recovery took {taken:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
