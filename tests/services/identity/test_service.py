"""The identity service as a whole: what it says of itself, and what happens without its pool or its database."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from services.catalog import by_name
from services.identity import pool
from services.identity.app import create
from services.identity.cognito import user_context
from services.identity.settings import Settings
from tests.services.identity.conftest import BODY, BROWSER, PASSWORD, Visitor, new_email
from tests.support.applications import client_of, problem
from tests.support.cognito import CognitoServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

AUTH = "/api/v1/auth"


@pytest.fixture
def without_pool(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Nobody answers where the pool was, neither calls nor for its keys."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "http://127.0.0.1:9")
    return settings.model_copy(update={"cognito_jwks_url": "http://127.0.0.1:9/jwks.json"})


@pytest.fixture
def without_database(settings: Settings) -> Settings:
    return settings.model_copy(update={"database_port": 9})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("signup", {"email": "a@example.com", "password": PASSWORD, "name": "Ada"}),
        ("confirm", {"email": "a@example.com", "code": "123456"}),
        ("resend", {"email": "a@example.com"}),
        ("login", {"email": "a@example.com", "password": PASSWORD}),
    ],
)
async def test_without_the_pool_everybody_is_told_to_come_back(
    without_pool: Settings, path: str, body: dict[str, Any]
) -> None:
    async with client_of(create(without_pool, pace=0)) as client:
        response = await client.post(f"{AUTH}/{path}", json=body, headers=BODY)
    problem(response, 503, "identity_provider_unavailable")
    assert int(response.headers["retry-after"]) > 0


async def test_without_the_pool_a_session_cannot_be_refreshed_but_goes_on(
    script: Visitor, without_pool: Settings
) -> None:
    asked = {"refresh_token": (await script.join())["refresh_token"]}
    async with client_of(create(without_pool, pace=0)) as client:
        for path in ("refresh", "logout"):
            response = await client.post(f"{AUTH}/{path}", json=asked, headers=BODY)
            problem(response, 503, "identity_provider_unavailable")
            assert "set-cookie" not in response.headers
    assert (await script.post("refresh", asked)).status_code == 200


async def test_without_the_pool_it_is_not_ready(without_pool: Settings) -> None:
    assert await failed_checks(without_pool) == {"keys", "user_pool"}


async def test_without_the_database_it_is_not_ready(without_database: Settings) -> None:
    assert await failed_checks(without_database) == {"database"}


async def failed_checks(settings: Settings) -> set[str]:
    async with client_of(create(settings, pace=0)) as client:
        ready = await client.get("/health/ready")
    assert ready.status_code == 503
    return {name for name, result in ready.json()["checks"].items() if result == "failed"}


async def test_a_client_id_that_the_pool_does_not_know_shows_before_anybody_signs_in(settings: Settings) -> None:
    wrong = settings.model_copy(update={"cognito_client_id": "0" * 26})
    async with client_of(create(wrong, pace=0)) as client:
        assert (await client.get("/health/ready")).json()["checks"]["user_pool"] == "failed"


async def test_without_the_database_nobody_is_signed_in_by_halves(script: Visitor, without_database: Settings) -> None:
    token = (await script.join())["access_token"]
    async with client_of(create(without_database, pace=0)) as client:
        login = await client.post(
            f"{AUTH}/login", json={"email": script.email, "password": PASSWORD}, headers={**BROWSER}
        )
        problem(login, 503, "database_unavailable")
        assert "set-cookie" not in login.headers
        me = await client.get("/api/v1/users/me", headers={"authorization": f"Bearer {token}"})
        problem(me, 503, "database_unavailable")


async def test_no_secret_is_ever_logged(script: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = await script.join()
    refreshed = await script.post("refresh", {"refresh_token": body["refresh_token"]})
    await script.login("Wrong-horse-7-battery")
    await script.post("signup", {"email": script.email, "password": "Wrong-horse-7-battery", "name": 7})
    await script.post("logout", {"refresh_token": body["refresh_token"]})
    secrets = (PASSWORD, "Wrong-horse-7", body["access_token"], body["refresh_token"], refreshed.json()["access_token"])
    ours = [record for record in caplog.records if record.name.startswith("services.")]
    assert ours
    written = "\n".join(f"{record.getMessage()} {vars(record)}" for record in ours)
    assert [secret[:12] for secret in secrets if secret in written] == []


async def test_the_pool_is_told_the_users_own_address(
    script: Visitor, cognito_server: CognitoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    context = user_context

    def noting(address: str) -> Any:
        seen.append(address)
        return context(address)

    monkeypatch.setattr(pool, "user_context", noting)
    await script.post("resend", {"email": script.email}, **{"x-forwarded-for": "6.6.6.6, 203.0.113.7"})
    assert seen == ["203.0.113.7"]


async def test_the_document_says_which_paths_need_a_token(script: Visitor) -> None:
    document = (await script.client.get("/openapi.json")).json()
    opened = set(by_name("identity").open_paths)
    for path, item in document["paths"].items():
        for operation in item.values():
            assert ("security" in operation) == (path not in opened)
            assert "default" in operation["responses"]
            assert operation["summary"]


async def test_what_the_document_promises_is_what_comes(script: Visitor) -> None:
    document = (await script.client.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]
    body = await script.join()
    assert set(body) <= set(schemas["SignedIn"]["properties"])
    assert set(schemas["SignedIn"]["required"]) <= set(body)
    assert set(body["user"]) == set(schemas["User"]["properties"])
    refused = (await script.login("Wrong-horse-7-battery")).json()
    assert set(schemas["ProblemDetails"]["required"]) <= set(refused) <= set(schemas["ProblemDetails"]["properties"])


async def test_a_path_that_is_not_there_needs_a_token_first(script: Visitor) -> None:
    problem(await script.client.post("/auth/forget-everything"), 401, "token_missing")
    problem(await script.client.get("/users"), 401, "token_missing")


async def test_a_long_name_in_any_script_is_kept_as_it_is(script: Visitor) -> None:
    script.email = new_email()
    asked = {"email": script.email, "password": PASSWORD, "name": "Zoë ✨ " + "x" * 190}
    assert (await script.post("signup", asked)).status_code == 201
    await script.confirm()
    assert (await script.login()).json()["user"]["name"] == asked["name"]


async def test_metrics_tell_how_full_the_pool_of_connections_is(settings: Settings) -> None:
    async with client_of(create(settings)) as client:
        metrics = (await client.get("/metrics")).text
    assert "database_pool_limit 8.0" in metrics
    assert "database_unavailable_total 0.0" in metrics
