"""The Postgres instance: encrypted, hidden, and with passwords that nobody here knows."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from components.config import DEFAULTS, Tier
from components.database import DatabaseArgs
from components.secret import SecretArgs
from tests.support.stacks import Recorded, stack

TIERS = ("dev", "prod", "local")
ARGS = DatabaseArgs(
    region="us-east-1",
    subnet_ids=["a", "b"],
    security_group_id="group",
    settings=DEFAULTS[Tier.DEV].stack.database,
    tls="verify-full",
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
        assert set(generated.inputs) == {"region", "secret_id", "template", "key", "length", "__provider"}
        assert "password" not in json.loads(generated.inputs["template"])


@pytest.mark.parametrize("tier", TIERS)
def test_connections_without_tls_are_refused(tier: str) -> None:
    (parameters,) = stack(tier).of_type(":ParameterGroup")
    assert parameters.inputs["parameters"] == [{"name": "rds.force_ssl", "value": "1"}]
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
