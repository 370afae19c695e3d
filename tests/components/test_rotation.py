"""A rotation from beginning to end, with a real database: nobody who is connected, or starts anew, is refused."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from typing import Any

import asyncpg
import boto3
import pytest
from moto import mock_aws

from components.generated_secret import GeneratedSecretProvider
from services.shared.migrations import migrate
from tests.support.migrated import migration_settings
from tests.support.postgres import Database
from tests.support.stacks import stack

SECRET = "sri-prod-data"
COUNT = "SELECT count(*) FROM data.products"
LONG_AGO = "2020-01-01T00:00:00+00:00"


class Deployments:
    """What each `pulumi up` does about one service's secret and schema, with the program's own properties."""

    def __init__(self, secrets: Any, database: Database) -> None:
        self._secrets, self._database = secrets, database
        # Roles belong to the server, which other tests use too.
        own = uuid.uuid4().hex[:8]
        inputs = json.dumps(dict(stack("prod").one(":GeneratedSecret", SECRET).inputs))
        named = json.loads(
            inputs.replace("data_alternate", f"data_{own}_alternate").replace('"data\\', f'"data_{own}\\')
        )
        self._props = {**named, "secret_id": SECRET}
        self._provider = GeneratedSecretProvider()
        self._remembered = self._provider.create(self._props).outs or {}
        self._migrate()

    @property
    def version(self) -> str:
        """The one that tasks are told to read."""
        return str(self._remembered["version_id"])

    def again(self, *, made_at: str | None = None) -> bool:
        """Deploy, with a value as old as this; whether it was rotated."""
        self._remembered["made_at"] = made_at or self._remembered["made_at"]
        if not self._provider.diff(SECRET, self._remembered, self._props).changes:
            return False
        self._remembered = self._provider.update(SECRET, self._remembered, self._props).outs or {}
        self._migrate()
        return True

    def _migrate(self) -> None:
        assert migrate("services.data", "data", migration_settings(self._database, *self.read(self.version))) == 0

    def read(self, version: str) -> tuple[str, str]:
        """Name and password, as a task reads them whose definition names this version."""
        found = json.loads(self._secrets.get_secret_value(SecretId=SECRET, VersionId=version)["SecretString"])
        return found["username"], found["password"]

    async def connect(self, version: str) -> asyncpg.Connection[asyncpg.Record]:
        """As a task connects that was started with this version."""
        user, password = self.read(version)
        at = self._database
        return await asyncpg.connect(host=at.host, port=at.port, database=at.name, user=user, password=password)

    async def products(self, version: str) -> int:
        """What such a task reads."""
        connection = await self.connect(version)
        try:
            return int(await connection.fetchval(COUNT))
        finally:
            await connection.close()


@pytest.fixture
def deployments(monkeypatch: pytest.MonkeyPatch, database: Database) -> Iterator[Deployments]:
    """The first deployment is done."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="us-east-1")
        client.create_secret(Name=SECRET)
        yield Deployments(client, database)


def test_tasks_of_before_and_after_a_rotation_are_all_served(deployments: Deployments) -> None:
    before = deployments.version
    with asyncio.Runner() as loop:
        connected = loop.run(deployments.connect(before))
        assert deployments.again(made_at=LONG_AGO)
        after = deployments.version
        assert after != before
        assert loop.run(connected.fetchval(COUNT)) == 0
        assert [loop.run(deployments.products(version)) for version in (before, after)] == [0, 0]
        loop.run(connected.close())


def test_the_rotation_after_makes_the_oldest_password_worthless(deployments: Deployments) -> None:
    first = deployments.version
    assert deployments.again(made_at=LONG_AGO)
    second = deployments.version
    assert deployments.again(made_at=LONG_AGO)
    assert asyncio.run(deployments.products(second)) == asyncio.run(deployments.products(deployments.version)) == 0
    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(deployments.products(first))
    names = [deployments.read(version)[0] for version in (first, second, deployments.version)]
    assert names[0] == names[2] != names[1] == f"{names[0]}_alternate"


def test_a_young_password_is_left_in_peace(deployments: Deployments) -> None:
    before = deployments.version
    assert not deployments.again()
    assert deployments.version == before
