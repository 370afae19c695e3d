"""The Postgres instance: encrypted, hidden, and with passwords that nobody here knows."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from components.config import Tier
from components.config_defaults import DEFAULTS
from components.database import DatabaseArgs
from components.secret import SecretArgs
from tests.support.stacks import Recorded, Stack, stack

TIERS = ("dev", "prod", "local")
ARGS = DatabaseArgs(
    region="us-east-1",
    subnet_ids=["a", "b"],
    security_group_id="group",
    settings=DEFAULTS[Tier.DEV].stack.database,
    tls="verify-full",
    log_retention_days=1,
    operated=True,
    protect=False,
)


def instance(tier: str) -> Recorded:
    (found,) = stack(tier).of_type("rds/instance:Instance")
    return found


@pytest.mark.parametrize("tier", TIERS)
def test_the_instance_is_encrypted_and_not_public(tier: str) -> None:
    inputs = instance(tier).inputs
    assert inputs["storageEncrypted"] is True
    assert inputs["publiclyAccessible"] is False
    (group,) = stack(tier).of_type("rds/subnetGroup:SubnetGroup")
    assert all("isolated" in subnet for subnet in group.inputs["subnetIds"])


@pytest.mark.parametrize("tier", TIERS)
def test_no_password_is_in_the_programs_hands(tier: str) -> None:
    found = instance(tier)
    assert found.inputs["manageMasterUserPassword"] is True
    assert "password" not in found.inputs
    for generated in stack(tier).of_type(":GeneratedSecret"):
        assert "password" not in json.loads(generated.inputs["template"])
        assert "password" not in generated.inputs["alternative"]


@pytest.mark.parametrize("tier", TIERS)
def test_connections_without_tls_are_refused(tier: str) -> None:
    (parameters,) = stack(tier).of_type(":ParameterGroup")
    assert {"name": "rds.force_ssl", "value": "1"} in parameters.inputs["parameters"]
    assert instance(tier).inputs["parameterGroupName"] == parameters.name


@pytest.mark.parametrize(("tier", "mode"), [("dev", "verify-full"), ("prod", "verify-full"), ("local", "disable")])
def test_services_check_whom_they_talk_to_except_on_this_machine(tier: str, mode: str) -> None:
    modes = {c.environment["DATABASE_TLS"] for c in stack(tier).containers() if "DATABASE_TLS" in c.environment}
    assert modes == {mode}


def test_prod_keeps_backups_a_standby_and_a_last_snapshot() -> None:
    inputs = instance("prod").inputs
    assert inputs["deletionProtection"] is True
    assert inputs["skipFinalSnapshot"] is False
    assert inputs["finalSnapshotIdentifier"] == "sri-prod-final"
    assert inputs["multiAz"] is True
    assert inputs["backupRetentionPeriod"] >= 7
    assert inputs["applyImmediately"] is False


@pytest.mark.parametrize("tier", ["dev", "local"])
def test_other_tiers_go_without_a_trace(tier: str) -> None:
    inputs = instance(tier).inputs
    assert inputs["deletionProtection"] is False
    assert inputs["skipFinalSnapshot"] is True
    assert inputs.get("finalSnapshotIdentifier") is None


@pytest.mark.parametrize(("tier", "days"), [("dev", 14), ("prod", 90)])
def test_slow_statements_are_logged_and_the_logs_expire(tier: str, days: int) -> None:
    (parameters,) = stack(tier).of_type(":ParameterGroup")
    assert {"name": "log_min_duration_statement", "value": "500"} in parameters.inputs["parameters"]
    inputs = instance(tier).inputs
    assert inputs["enabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    groups = {g.inputs["name"]: g.inputs["retentionInDays"] for g in stack(tier).of_type("logGroup:LogGroup")}
    for log in inputs["enabledCloudwatchLogsExports"]:
        assert groups[f"/aws/rds/instance/{inputs['identifier']}/{log}"] == days


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_minor_versions_come_at_night_and_major_ones_by_hand(tier: str) -> None:
    inputs = instance(tier).inputs
    assert (inputs["autoMinorVersionUpgrade"], inputs["allowMajorVersionUpgrade"]) == (True, False)
    assert (inputs["backupWindow"], inputs["maintenanceWindow"]) == ("03:00-04:00", "sun:04:30-sun:05:30")
    assert inputs["performanceInsightsEnabled"] is True
    assert inputs["maxAllocatedStorage"] == 4 * inputs["allocatedStorage"]


@pytest.mark.parametrize(("tier", "instances", "least"), [("dev", 1, 0.5), ("prod", 2, 1)])
def test_aurora_is_one_setting_and_as_hard_to_get_at(tier: str, instances: int, least: float) -> None:
    built = stack(tier, database={"engine": "aurora-serverless"})
    assert built.of_type("rds/instance:Instance") == []
    (cluster,) = built.of_type("rds/cluster:Cluster")
    assert cluster.inputs["storageEncrypted"] is True
    assert cluster.inputs["manageMasterUserPassword"] is True
    assert cluster.inputs["serverlessv2ScalingConfiguration"]["minCapacity"] == least
    assert cluster.inputs["deletionProtection"] is cluster.protect is (tier == "prod")
    members = built.of_type(":ClusterInstance")
    assert {member.inputs["instanceClass"] for member in members} == {"db.serverless"}
    assert {member.inputs["publiclyAccessible"] for member in members} == {False}
    assert len(members) == instances
    (parameters,) = built.of_type(":ClusterParameterGroup")
    assert {"name": "rds.force_ssl", "value": "1"} in parameters.inputs["parameters"]
    hosts = {c.environment["DATABASE_HOST"] for c in built.containers() if "DATABASE_HOST" in c.environment}
    assert hosts == {f"sri-{tier}.cluster-aaaaaaaaaaaa.us-east-1.rds.amazonaws.com"}


def test_aurora_is_paid_for_by_capacity() -> None:
    whole = stack("prod", database={"engine": "aurora-serverless"}).outputs["monthly_estimate"]
    assert whole["items"]["database"] == round(2 * 1.0 * 0.12 * 730, 2)


def rotated(label: str) -> Stack:
    return stack("dev", database={"rotation": label})


def test_another_rotation_makes_new_passwords_of_the_services_roles_alone() -> None:
    generated = {g.name: g.inputs["rotation"] for g in rotated("2026-11").of_type(":GeneratedSecret")}
    assert generated == {"sri-dev-data": "2026-11", "sri-dev-identity": "2026-11", "sri-dev-session-keys": ""}


def test_each_task_of_a_role_names_the_very_value_that_its_migration_set_the_password_from() -> None:
    roles = ("SERVICE_DATABASE_USER", "SERVICE_DATABASE_PASSWORD"), ("DATABASE_USER", "DATABASE_PASSWORD")
    for container in stack("prod").containers():
        if container.service in ("data", "identity"):
            names = roles[0] if container.kind == "migrate" else roles[1]
            versions = {container.secrets[name].rpartition(":")[2] for name in names}
            assert versions == {f"version-of-sri-prod-{container.service}"}


def test_prod_rotates_by_age_and_dev_when_told() -> None:
    days = {
        tier: {g.name: g.inputs["rotation_days"] for g in stack(tier).of_type(":GeneratedSecret")} for tier in TIERS
    }
    assert days["prod"] == {"sri-prod-data": 30, "sri-prod-identity": 30, "sri-prod-session-keys": 0}
    assert set(days["dev"].values()) == {0}


def test_rotations_take_turns_between_two_roles() -> None:
    names = {g.name: (g.inputs["template"], g.inputs["alternative"]) for g in stack("prod").of_type(":GeneratedSecret")}
    assert names["sri-prod-data"] == ('{"username": "data"}', '{"username": "data_alternate"}')
    assert names["sri-prod-session-keys"] == ("{}", "")


def test_each_service_with_a_schema_has_a_role_secret_named_for_it() -> None:
    templates = {g.name: json.loads(g.inputs["template"]) for g in stack("dev").of_type(":GeneratedSecret")}
    assert templates == {
        "sri-dev-data": {"username": "data"},
        "sri-dev-identity": {"username": "identity"},
        "sri-dev-session-keys": {},
    }
    keys = {g.name: g.inputs["key"] for g in stack("dev").of_type(":GeneratedSecret")}
    assert keys == {"sri-dev-data": "password", "sri-dev-identity": "password", "sri-dev-session-keys": ""}


def test_one_subnet_is_refused() -> None:
    with pytest.raises(ValueError, match="1 subnet; RDS needs two"):
        replace(ARGS, subnet_ids=["a"]).validate()


def test_a_tls_mode_that_no_service_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="use disable, require or verify-full"):
        replace(ARGS, tls="prefer").validate()


@pytest.mark.parametrize("days", [-1, 3, 31])
def test_a_recovery_window_that_secrets_manager_lacks_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="use 0, or 7 to 30"):
        SecretArgs(description="", region="", keep_days=days).validate()
