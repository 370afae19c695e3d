"""The products service over a schema of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from services.data.app import create
from services.data.settings import Settings
from tests.support.applications import client_of
from tests.support.migrated import MigratedDatabase, migrated
from tests.support.postgres import Database
from tests.support.tokens import CLIENT_ID, ISSUER, TokenIssuer


@pytest.fixture(scope="module")
def schema(module_database: Database) -> MigratedDatabase:
    return migrated(module_database, "services.data")


@pytest.fixture
def settings(schema: MigratedDatabase, token_issuer: TokenIssuer) -> Settings:
    return Settings.model_validate(
        {
            "environment": "local",
            "log_level": "info",
            "aws_region": "eu-central-1",
            "cognito_user_pool_id": "eu-central-1_Test",
            "cognito_client_id": CLIENT_ID,
            "cognito_issuer": ISSUER,
            "cognito_jwks_url": token_issuer.jwks_url,
            "identity_url": "http://127.0.0.1:9",
            **schema.settings,
        }
    )


@pytest.fixture
async def service(settings: Settings, token_issuer: TokenIssuer) -> AsyncIterator[httpx.AsyncClient]:
    """A client that nobody has signed in with."""
    async with client_of(create(settings)) as client:
        yield client


@pytest.fixture
async def client(service: httpx.AsyncClient, token_issuer: TokenIssuer) -> httpx.AsyncClient:
    """A client signed in as the user `ann`."""
    service.headers.update(token_issuer.headers("ann"))
    return service


@pytest.fixture
def bob(token_issuer: TokenIssuer) -> dict[str, str]:
    """Headers of another user."""
    return token_issuer.headers("bob")


@pytest.fixture
def admin(token_issuer: TokenIssuer) -> dict[str, str]:
    """Headers of an administrator."""
    return token_issuer.headers("root", groups=("admin",))
