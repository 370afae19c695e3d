"""The restore drill: restores beside, compares, and always cleans up. AWS is an emulator, both databases are real."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import boto3
import pytest
from moto import mock_aws

from scripts.local.postgres import Server
from scripts.restore_drill import PROBE, DrillError, Target, drill
from scripts.restore_probe import differences
from scripts.restore_source import Cluster, source_of
from tests.support.migrated import MigratedDatabase, migrated
from tests.support.postgres import FOR_TESTS, Database, OwnPostgres

REGION = "us-east-1"
NAME = "sri-prod-1a2b"
TARGET = Target(cluster="cluster", service="data")
COPY_HOST = "127.0.0.2"
PRODUCT = """
    INSERT INTO data.products (name, description, price_minor, currency, owner_id)
    VALUES ('Lamp', '', 1, 'EUR', gen_random_uuid())
"""


@dataclass(frozen=True)
class Pair:
    """A database and what a restore made of it: its own server, on another address of this machine."""

    original: MigratedDatabase
    copy: Server

    def in_copy(self, statement: str) -> None:
        """Run a statement in the copy, as the master."""
        asyncio.run(_execute(replace(self.original.database, host=self.copy.host), statement))


async def _execute(database: Database, statement: str) -> None:
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both services' schemas with a row in one table, copied file by file while nobody writes, as a snapshot is."""
    with OwnPostgres.made(FOR_TESTS) as postgres:
        with postgres.running() as server:
            database = Database(server.host, server.port, "postgres", server.user, server.password)
            migrated(database, "services.identity")
            data = migrated(database, "services.data")
            asyncio.run(_execute(database, PRODUCT))
        copied = postgres.cluster.data.with_name("copy")
        subprocess.run(["cp", "-a", postgres.cluster.data, copied], check=True)
        settings = {**FOR_TESTS, "listen_addresses": COPY_HOST}
        restored = replace(postgres, cluster=replace(postgres.cluster, data=copied), settings=settings)
        with postgres.running(), restored.running():
            copy = replace(server, host=COPY_HOST)
            asyncio.run(copy.wait())
            yield Pair(data, copy)


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
            DBInstanceIdentifier=NAME, DBInstanceClass="db.t4g.micro", Engine="postgres", AllocatedStorage=20,
            MasterUsername="postgres", ManageMasterUserPassword=True, StorageEncrypted=True, BackupRetentionPeriod=7,
            DBSubnetGroupName="isolated", DBParameterGroupName="tls", VpcSecurityGroupIds=[group], DBName="sri",
        )  # fmt: skip
        yield made


class Ecs:
    """ECS as far as the drill speaks to it. The task really runs, here, with the service's environment; the names that
    RDS gave to the servers are resolved to where they are."""

    def __init__(self, pair: Pair) -> None:
        original = pair.original
        self._environment = {name.upper(): str(value) for name, value in original.settings.items()}
        self._addresses = {"original": original.database.host, "copy": pair.copy.host}
        self.run: dict[str, Any] = {}
        self.said = ""
        self._code: int | None = None

    def describe_services(self, **_: Any) -> dict[str, Any]:
        network = {"awsvpcConfiguration": {"subnets": ["s"], "securityGroups": ["data"]}}
        return {"services": [{"taskDefinition": "data:7", "networkConfiguration": network}]}

    def describe_task_definition(self, **_: Any) -> dict[str, Any]:
        return {"taskDefinition": {"containerDefinitions": [{"name": "data"}]}}

    def run_task(self, **given: Any) -> dict[str, Any]:
        self.run = given
        (override,) = given["overrides"]["containerOverrides"]
        told = {entry["name"]: self._address(entry["value"]) for entry in override["environment"]}
        done = subprocess.run(
            [sys.executable, *override["command"][1:]],
            env={**self._environment, **told}, capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
        self._code, self.said = done.returncode, done.stdout + done.stderr
        return {"tasks": [{"taskArn": "task"}]}

    def _address(self, host: str) -> str:
        assert host.startswith((f"{NAME}.", f"{NAME}-drill-"))
        return self._addresses["copy" if "-drill-" in host else "original"]

    def describe_tasks(self, **_: Any) -> dict[str, Any]:
        return {"tasks": [{"lastStatus": "STOPPED", "containers": [{"exitCode": self._code}]}]}


def instances(rds: Any) -> list[str]:
    return [found["DBInstanceIdentifier"] for found in rds.describe_db_instances()["DBInstances"]]


def test_a_copy_is_restored_compared_and_deleted(rds: Any, pair: Pair) -> None:
    ecs, said = Ecs(pair), list[str]()
    assert drill(source_of(rds, NAME), ecs, TARGET, said.append, pause_s=0) >= 0
    assert instances(rds) == [NAME]
    assert "data.products: 1, the original: 1" in ecs.said
    assert "identity." not in ecs.said  # another service's tables are none of this role's
    assert ecs.run["taskDefinition"] == "data:7"
    assert [line.split()[0] for line in said] == ["restoring", "available", "deleting"]


def test_a_copy_without_the_rows_fails_the_drill_and_is_deleted_all_the_same(rds: Any, pair: Pair) -> None:
    ecs = Ecs(pair)
    pair.in_copy("CREATE TABLE kept AS SELECT * FROM data.products; DELETE FROM data.products")
    try:
        with pytest.raises(DrillError, match="exit code 1"):
            drill(source_of(rds, NAME), ecs, TARGET, lambda _: None, pause_s=0)
    finally:
        pair.in_copy("INSERT INTO data.products SELECT * FROM kept; DROP TABLE kept")
    assert "data.products is empty, the original has 1 rows" in ecs.said
    assert instances(rds) == [NAME]


def test_a_copy_that_does_not_let_the_role_in_fails_the_drill(rds: Any, pair: Pair) -> None:
    ecs = Ecs(replace(pair, original=replace(pair.original, password="another")))
    with pytest.raises(DrillError, match="exit code 1"):
        drill(source_of(rds, NAME), ecs, TARGET, lambda _: None, pause_s=0)
    assert "password authentication failed" in ecs.said
    assert instances(rds) == [NAME]


def test_a_database_without_backups_fails_before_anything_is_made(rds: Any, pair: Pair) -> None:
    rds.modify_db_instance(DBInstanceIdentifier=NAME, BackupRetentionPeriod=0, ApplyImmediately=True)
    with pytest.raises(DrillError, match="keeps no backups"):
        drill(source_of(rds, NAME), Ecs(pair), TARGET, lambda _: None, pause_s=0)


def test_an_aurora_cluster_is_restored_with_an_instance_and_both_are_deleted(rds: Any, pair: Pair) -> None:
    rds.delete_db_instance(DBInstanceIdentifier=NAME, SkipFinalSnapshot=True)
    rds.create_db_cluster_parameter_group(
        DBClusterParameterGroupName="tls", DBParameterGroupFamily="aurora-postgresql16", Description="d"
    )
    rds.create_db_cluster(
        DBClusterIdentifier=NAME, Engine="aurora-postgresql", MasterUsername="postgres", ManageMasterUserPassword=True,
        StorageEncrypted=True, DBSubnetGroupName="isolated", DBClusterParameterGroupName="tls",
        ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 2},
    )  # fmt: skip
    source, ecs = source_of(rds, NAME), Ecs(pair)
    assert isinstance(source, Cluster)
    drill(source, ecs, TARGET, lambda _: None, pause_s=0)
    assert "data.products: 1, the original: 1" in ecs.said
    assert instances(rds) == []
    assert [found["DBClusterIdentifier"] for found in rds.describe_db_clusters()["DBClusters"]] == [NAME]


WHOLE: Mapping[str, str | int] = {"data.products": 5, "data.alembic_version": "0003"}


@pytest.mark.parametrize(
    ("copy", "said"),
    [
        ({"data.products": 4, "data.alembic_version": "0003"}, []),
        ({"data.products": 0, "data.alembic_version": "0003"}, ["data.products is empty, the original has 5 rows"]),
        ({"data.alembic_version": "0003"}, ["data.products is not there"]),
        ({**WHOLE, "data.alembic_version": "0002"}, ["data.alembic_version is at 0002, the original at 0003"]),
        ({}, ["no table is there", "data.products is not there", "data.alembic_version is not there"]),
    ],
)
def test_each_difference_is_named(copy: dict[str, str | int], said: list[str]) -> None:
    assert differences(dict(WHOLE), copy) == said


def test_the_program_fits_into_what_ecs_takes_as_an_override() -> None:
    assert len(PROBE) < 7000  # of 8192 characters for all overrides (RunTask in the ECS API reference)


def test_the_program_needs_nothing_of_this_repository() -> None:
    assert "from scripts" not in PROBE
    assert Path(sys.modules["scripts.restore_probe"].__file__ or "").read_text() == PROBE
