"""The restore drill: restores beside, asks, and always cleans up."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts.restore_drill import PROBE, DrillError, Target, drill

REGION = "us-east-1"
TARGET = Target(source="sri-prod-1a2b", cluster="cluster", service="data")


@pytest.fixture
def rds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """RDS in an emulator (whose copies inherit the protection from deletion, so that this one has none)."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        ec2, made = (boto3.client(kind, region_name=REGION) for kind in ("ec2", "rds"))
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]
            for n, zone in enumerate("ab")
        ]
        group = ec2.create_security_group(VpcId=vpc, GroupName="database", Description="d")["GroupId"]
        made.create_db_subnet_group(
            DBSubnetGroupName="isolated", DBSubnetGroupDescription="d", SubnetIds=[s["SubnetId"] for s in subnets]
        )
        made.create_db_parameter_group(DBParameterGroupName="tls", DBParameterGroupFamily="postgres16", Description="d")
        made.create_db_instance(
            DBInstanceIdentifier=TARGET.source, DBInstanceClass="db.t4g.micro", Engine="postgres", AllocatedStorage=20,
            MasterUsername="postgres", ManageMasterUserPassword=True, StorageEncrypted=True, BackupRetentionPeriod=7,
            DBSubnetGroupName="isolated", DBParameterGroupName="tls", VpcSecurityGroupIds=[group], DBName="sri",
        )  # fmt: skip
        yield made


class Ecs:
    """ECS as far as the drill speaks to it: the task ends with `code`."""

    def __init__(self, code: int = 0) -> None:
        self.code = code
        self.run: dict[str, Any] = {}

    def describe_services(self, **_: Any) -> dict[str, Any]:
        network = {"awsvpcConfiguration": {"subnets": ["s"], "securityGroups": ["data"]}}
        return {"services": [{"taskDefinition": "data:7", "networkConfiguration": network}]}

    def describe_task_definition(self, **_: Any) -> dict[str, Any]:
        return {"taskDefinition": {"containerDefinitions": [{"name": "data"}]}}

    def run_task(self, **given: Any) -> dict[str, Any]:
        self.run = given
        return {"tasks": [{"taskArn": "task"}]}

    def describe_tasks(self, **_: Any) -> dict[str, Any]:
        return {"tasks": [{"lastStatus": "STOPPED", "containers": [{"exitCode": self.code}]}]}


def instances(rds: Any) -> list[str]:
    return [found["DBInstanceIdentifier"] for found in rds.describe_db_instances()["DBInstances"]]


def test_a_copy_is_restored_asked_and_deleted(rds: Any) -> None:
    ecs, said = Ecs(), list[str]()
    assert drill(rds, ecs, TARGET, said.append, pause_s=0) >= 0
    assert instances(rds) == [TARGET.source]
    override = ecs.run["overrides"]["containerOverrides"][0]
    (host,) = [entry["value"] for entry in override["environment"] if entry["name"] == "DATABASE_HOST"]
    assert "-drill-" in host
    assert ecs.run["taskDefinition"] == "data:7"
    assert [line.split()[0] for line in said] == ["restoring", "available", "deleting"]


def test_a_copy_that_does_not_answer_fails_the_drill_and_is_deleted_all_the_same(rds: Any) -> None:
    with pytest.raises(DrillError, match="exit code 1"):
        drill(rds, Ecs(code=1), TARGET, lambda _: None, pause_s=0)
    assert instances(rds) == [TARGET.source]


def test_a_database_without_backups_fails_before_anything_is_made(rds: Any) -> None:
    rds.modify_db_instance(DBInstanceIdentifier=TARGET.source, BackupRetentionPeriod=0, ApplyImmediately=True)
    with pytest.raises(DrillError, match="keeps no backups"):
        drill(rds, Ecs(), TARGET, lambda _: None, pause_s=0)


def test_what_the_task_is_asked_to_run_is_python() -> None:
    ast.parse(PROBE)
