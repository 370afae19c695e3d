"""The products service as a whole: who gets in, what it says of itself, and what happens without its database."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from services.catalog import by_name
from services.data.app import create
from services.data.settings import Settings
from services.shared.settings import MigrationSettings
from tests.support.applications import client_of, problem
from tests.support.tokens import TokenIssuer

PATH = "/api/v1/products"


@pytest.fixture
def without_database(settings: Settings) -> Settings:
    return settings.model_copy(update={"database_port": 9})


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nobody_gets_in_without_a_token(service: httpx.AsyncClient, method: str) -> None:
    response = await service.request(method, PATH)
    problem(response, 401, "token_missing")
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_path_that_does_not_exist_is_closed_too(service: httpx.AsyncClient) -> None:
    problem(await service.get("/api/v1/nothing"), 401, "token_missing")


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": int(time.time()) - 60}, "token_expired"),
        ({"token_use": "id"}, "token_use_mismatch"),
        ({"client_id": "another"}, "client_mismatch"),
        ({"iss": "https://cognito-idp.eu-central-1.amazonaws.com/another"}, "issuer_mismatch"),
    ],
)
async def test_a_token_that_is_not_for_us_is_refused(
    service: httpx.AsyncClient, token_issuer: TokenIssuer, claims: dict[str, Any], code: str
) -> None:
    problem(await service.get(PATH, headers=token_issuer.headers(**claims)), 401, code)


async def test_a_token_that_somebody_changed_is_refused(service: httpx.AsyncClient, token_issuer: TokenIssuer) -> None:
    header, payload, signature = token_issuer.token().split(".")
    other = token_issuer.token("someone-else").split(".")[1]
    for forged in (f"{header}.{other}.{signature}", f"{header}.{payload}.{signature[::-1]}"):
        response = await service.get(PATH, headers={"authorization": f"Bearer {forged}"})
        assert problem(response, 401, response.json()["code"])["code"] in {"signature_invalid", "token_malformed"}


async def test_a_token_of_an_unknown_key_is_refused(service: httpx.AsyncClient) -> None:
    problem(await service.get(PATH, headers=TokenIssuer().headers()), 401, "kid_unknown")


async def test_without_its_database_the_service_lives_but_is_not_ready(
    without_database: Settings, token_issuer: TokenIssuer
) -> None:
    async with client_of(create(without_database)) as client:
        assert (await client.get("/health/live")).status_code == 200
        ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["checks"]) == (503, {"database": "failed", "keys": "ok"})


async def test_without_its_database_requests_are_told_to_come_back(
    without_database: Settings, token_issuer: TokenIssuer
) -> None:
    async with client_of(create(without_database), headers=token_issuer.headers()) as client:
        for response in (await client.get(PATH), await client.get(f"{PATH}/{'0' * 32}")):
            problem(response, 503, "database_unavailable")
            assert int(response.headers["retry-after"]) > 0
            assert "127.0.0.1" not in response.text


async def test_it_is_ready_when_its_database_answers_and_the_keys_are_here(service: httpx.AsyncClient) -> None:
    ready = await service.get("/health")
    assert (ready.status_code, ready.json()) == (
        200,
        {"status": "ready", "checks": {"database": "ok", "keys": "ok"}},
    )


async def test_requests_are_counted_by_template_not_by_path(client: httpx.AsyncClient) -> None:
    await client.get(f"{PATH}/{'0' * 32}")
    metrics = (await client.get("/metrics")).text
    assert (
        'http_request_duration_seconds_count{method="GET",route="/api/v1/products/{product_id}",status="404"}'
        in metrics
    )
    assert "0" * 32 not in metrics


async def test_metrics_tell_how_full_the_pool_of_connections_is(client: httpx.AsyncClient) -> None:
    await client.get(PATH)
    metrics = (await client.get("/metrics")).text
    assert 'database_pool_connections{state="busy"} 0.0' in metrics
    assert 'database_pool_connections{state="idle"} 1.0' in metrics
    assert "database_pool_limit 8.0" in metrics
    assert "database_unavailable_total 0.0" in metrics


async def test_metrics_count_what_the_database_did_not_serve(
    without_database: Settings, token_issuer: TokenIssuer
) -> None:
    async with client_of(create(without_database), headers=token_issuer.headers()) as client:
        await client.get(PATH)
        assert "database_unavailable_total 1.0" in (await client.get("/metrics")).text


async def test_the_document_names_every_path_and_says_that_each_needs_a_token(service: httpx.AsyncClient) -> None:
    document = (await service.get("/api/v1/openapi.json")).json()
    assert set(document["paths"]) == {PATH, f"{PATH}/{{product_id}}"}
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) == 6
    for operation in operations:
        assert operation["security"] == [{"access_token": []}]
        assert "application/problem+json" in operation["responses"]["401"]["content"]
        assert "application/problem+json" in operation["responses"]["default"]["content"]


def test_the_settings_are_those_that_the_catalog_promises() -> None:
    assert by_name("data").needs
    assert Settings.env_names() - MigrationSettings.env_names() == {
        "AWS_REGION",
        "COGNITO_CLIENT_ID",
        "COGNITO_ISSUER",
        "COGNITO_JWKS_URL",
        "COGNITO_USER_POOL_ID",
        "DATABASE_POOL_SIZE",
        "IDENTITY_URL",
    }
