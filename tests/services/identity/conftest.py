"""The identity service over a pool and a schema of its own."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.identity.app import create
from services.identity.settings import Settings
from services.shared.lifecycle import Application
from tests.services.identity.data_service import DataService
from tests.support.applications import served, started
from tests.support.cognito import CognitoServer, UserPool
from tests.support.migrated import MigratedDatabase, migrated
from tests.support.postgres import Database

ORIGIN = "https://app.example.com"
PASSWORD = "Correct-horse-7-battery"
KEYS = "0" * 43
COOKIE = "__Secure-rt"

BROWSER = {"x-session": "browser", "origin": ORIGIN}
BODY = {"x-session": "body"}


@pytest.fixture(scope="module")
def pool(cognito_server: CognitoServer) -> UserPool:
    return cognito_server.create_pool()


@pytest.fixture(scope="module")
def schema(module_database: Database) -> MigratedDatabase:
    return migrated(module_database, "services.identity")


@pytest.fixture(scope="module")
def credentials(pool: UserPool) -> Iterator[None]:
    """What a task's role and botocore's own variables give."""
    with credentials_for(pool):
        yield


@contextmanager
def credentials_for(pool: UserPool) -> Iterator[None]:
    """The variables that lead botocore to the pool, as long as the block lasts."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", pool.endpoint)
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def data_service() -> AsyncIterator[DataService]:
    """The service that keeps products."""
    data = DataService()
    async with served(Application(data, verify=None, open_paths=("/*",))) as url:
        data.url = url
        yield data


@pytest.fixture(scope="module")
def settings(pool: UserPool, schema: MigratedDatabase, credentials: None, data_service: DataService) -> Settings:
    return settings_for(pool, schema.settings, log_level="info", data_url=data_service.url)


def settings_for(
    pool: UserPool, database: Mapping[str, Any], *, log_level: str = "error", data_url: str = "http://127.0.0.1:9"
) -> Settings:
    """The service's environment; by default nobody answers where the data service would be."""
    values = {
        "environment": "local",
        "log_level": log_level,
        "aws_region": pool.region,
        "cognito_user_pool_id": pool.id,
        "cognito_client_id": pool.client_id,
        "cognito_client_secret": pool.client_secret,
        "cognito_issuer": pool.issuer,
        "cognito_jwks_url": pool.jwks_url,
        "session_keys": KEYS,
        "public_origin": ORIGIN,
        "data_url": data_url,
        **database,
    }
    return Settings.model_validate(values)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(settings: Settings) -> AsyncIterator[Application]:
    """The service, the same for all tests of a module."""
    application = create(settings, pace=0)
    async with started(application):
        yield application


@dataclass
class Visitor:
    """Someone with an address and a client, the one or the other kind."""

    client: httpx.AsyncClient
    mails: CognitoServer
    email: str
    headers: dict[str, str]
    access_token: str = ""

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A request with the access token of the last sign-in."""
        bearer = {"authorization": f"Bearer {self.access_token}"}
        return await self.client.request(method, path, json=body, headers={**self.headers, **bearer, **headers})

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.client.post(f"/auth/{path}", json=body or {}, headers={**self.headers, **headers})

    async def sign_up(self, password: str = PASSWORD) -> httpx.Response:
        return await self.post("signup", {"email": self.email, "password": password, "name": "Ada Lovelace"})

    async def confirm(self) -> httpx.Response:
        code = self.mails.sent_codes(self.email)[-1]
        return await self.post("confirm", {"email": self.email, "code": code})

    async def login(self, password: str = PASSWORD) -> httpx.Response:
        return await self.post("login", {"email": self.email, "password": password})

    async def join(self) -> dict[str, Any]:
        """Sign up, confirm and sign in; the answer to the sign-in."""
        assert (await self.sign_up()).status_code == 201
        assert (await self.confirm()).status_code == 204
        return await self.enter()

    async def enter(self, password: str = PASSWORD) -> dict[str, Any]:
        """Sign in; the answer."""
        response = await self.login(password)
        assert response.status_code == 200, response.text
        self.access_token = response.json().get("access_token", "")
        return dict(response.json())

    async def answer(self, challenge: dict[str, Any], **given: str) -> httpx.Response:
        """Take the further step that a sign-in asked for."""
        response = await self.post("challenge", {"session": challenge["session"], **given})
        self.access_token = response.json().get("access_token", "")
        return response

    async def promote(self, pool: UserPool) -> str:
        """Become an administrator, from the next token on; the user's id."""
        self.mails.client().admin_add_user_to_group(UserPoolId=pool.id, Username=self.email, GroupName="admin")
        return str((await self.enter())["user"]["id"])


@pytest.fixture
def browser(service: Application, cognito_server: CognitoServer) -> Visitor:
    """Someone new with a browser."""
    return Visitor(new_client(service), cognito_server, new_email(), BROWSER)


@pytest.fixture
def script(service: Application, cognito_server: CognitoServer) -> Visitor:
    """Someone new with a program that is no browser."""
    return Visitor(new_client(service), cognito_server, new_email(), BODY)


def new_client(service: Application) -> httpx.AsyncClient:
    """A client with no cookies yet and an address of its own; its URL is https, so that Secure cookies go back."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(service),
        base_url="https://app.example.com/api/v1",
        headers={"x-forwarded-for": str(ipaddress.IPv4Address(secrets.randbits(32)))},
    )


def new_email() -> str:
    return f"{secrets.token_hex(6)}@example.com"
