"""Values that Secrets Manager makes: once, unseen, and never again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from components.generated_secret import GeneratedSecretProvider, ensure_value
from tests.support.stacks import provider_of, stack

REGION = "us-east-1"
PROPS = {
    "region": REGION,
    "secret_id": "secret",
    "template": '{"username": "data"}',
    "key": "password",
    "length": 43,
    "alternative": '{"username": "data_alternate"}',
    "rotation": "",
    "rotation_days": 30,
}


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Secrets Manager in an emulator, with one empty secret called "secret"."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        made = boto3.client("secretsmanager", region_name=REGION)
        made.create_secret(Name="secret")
        yield made


def value(client: Any) -> str:
    return str(client.get_secret_value(SecretId="secret")["SecretString"])


def test_a_member_is_random_beside_the_plain_ones(client: Any) -> None:
    version, _ = ensure_value(client, "secret", template='{"username": "data"}', key="password", length=43)
    made = json.loads(value(client))
    assert client.get_secret_value(SecretId="secret")["VersionId"] == version
    assert made["username"] == "data"
    assert len(made["password"]) == 43
    assert made["password"].isalnum()


def test_without_a_key_the_value_stands_alone(client: Any) -> None:
    ensure_value(client, "secret", template="{}", key="", length=50)
    assert len(value(client)) == 50
    assert value(client).isalnum()


def test_a_value_in_use_is_never_overwritten(client: Any) -> None:
    first, _ = ensure_value(client, "secret", template="{}", key="", length=43)
    before = value(client)
    assert ensure_value(client, "secret", template='{"a": "b"}', key="c", length=60)[0] == first
    assert value(client) == before


def test_a_value_put_by_somebody_else_stays(client: Any) -> None:
    client.put_secret_value(SecretId="secret", SecretString="chosen")
    ensure_value(client, "secret", template="{}", key="", length=43)
    assert value(client) == "chosen"


def test_what_pulumi_keeps_is_the_version_alone(client: Any) -> None:
    props = {"region": REGION, "secret_id": "secret", "template": "{}", "key": "", "length": 43.0}
    created = GeneratedSecretProvider().create(props)
    assert created.id == "secret"
    assert set(created.outs or {}) == {"version_id", "made_at", "rotation", "turn"}
    assert value(client) not in json.dumps(created.outs)


def test_another_rotation_makes_another_value_in_place(client: Any) -> None:
    provider = GeneratedSecretProvider()
    created = provider.create(PROPS)
    before = value(client)
    rotated = {**PROPS, "rotation": "2026-11"}
    change = provider.diff(created.id, created.outs or {}, rotated)
    assert (change.changes, change.replaces) == (True, [])
    updated = provider.update(created.id, created.outs or {}, rotated)
    assert json.loads(value(client)).keys() == json.loads(before).keys()
    assert value(client) != before
    assert value(client) not in json.dumps(updated.outs)
    assert not provider.diff(created.id, updated.outs or {}, rotated).changes


def aged(outs: dict[str, Any] | None, days: float) -> dict[str, Any]:
    """What Pulumi remembers, had the value been made so many days ago."""
    made_at = datetime.now(UTC) - timedelta(days=days)
    return {**(outs or {}), "made_at": made_at.isoformat(timespec="seconds")}


@pytest.mark.parametrize(("age", "days", "due"), [(29.9, 30, False), (30, 30, True), (400, 0, False)])
def test_age_alone_makes_another_value_where_days_are_given(client: Any, age: float, days: int, due: bool) -> None:
    provider = GeneratedSecretProvider()
    props = {**PROPS, "rotation_days": days}
    change = provider.diff("secret", aged(provider.create(props).outs, age), props)
    assert (change.changes, change.replaces) == (due, [])


def test_a_value_of_unknown_age_is_due(client: Any) -> None:
    provider = GeneratedSecretProvider()
    outs = {**(provider.create(PROPS).outs or {}), "made_at": None}
    assert provider.diff("secret", outs, PROPS).changes


def test_a_value_that_was_there_before_is_as_old_as_its_secret_says(client: Any) -> None:
    client.put_secret_value(SecretId="secret", SecretString="chosen")
    outs = GeneratedSecretProvider().create(PROPS).outs or {}
    made_at = datetime.fromisoformat(outs["made_at"])
    assert timedelta(0) <= datetime.now(UTC) - made_at < timedelta(minutes=1)


def test_rotations_take_turns_between_two_users_and_the_value_before_stays_readable(client: Any) -> None:
    provider = GeneratedSecretProvider()
    outs = provider.create(PROPS).outs or {}
    versions, names = [outs["version_id"]], ["data"]
    for _ in range(3):
        outs = provider.update("secret", aged(outs, 31), PROPS).outs or {}
        versions.append(outs["version_id"])
        names.append(json.loads(value(client))["username"])
        assert not provider.diff("secret", outs, PROPS).changes
    assert names == ["data", "data_alternate", "data", "data_alternate"]
    assert len(set(versions)) == 4
    before = client.get_secret_value(SecretId="secret", VersionId=versions[-2])["SecretString"]
    assert json.loads(before)["username"] == "data"


def test_without_an_alternative_only_the_random_part_changes(client: Any) -> None:
    provider = GeneratedSecretProvider()
    props = {**PROPS, "alternative": ""}
    provider.update("secret", provider.create(props).outs or {}, props)
    assert json.loads(value(client))["username"] == "data"


def test_only_another_secret_is_another_resource() -> None:
    provider = GeneratedSecretProvider()
    same = provider.diff("secret", {}, {"secret_id": "secret", "template": "changed", "length": 99})
    other = provider.diff("secret", {}, {"secret_id": "another"})
    assert (same.changes, same.replaces) == (False, [])
    assert (other.changes, other.replaces) == (True, ["secret_id"])


def test_the_serialised_provider_works_in_the_engines_own_process(client: Any) -> None:
    generated = stack("dev").one(":GeneratedSecret", "sri-dev-data")
    provider = provider_of(generated)
    props = {**generated.inputs, "secret_id": "secret"}
    provider.create(props)
    assert json.loads(value(client))["username"] == "data"


def test_the_session_keys_are_longer_than_services_demand() -> None:
    generated = stack("prod").one(":GeneratedSecret", "sri-prod-session-keys")
    assert (generated.inputs["key"], generated.inputs["length"]) == ("", 43)
