"""Changing one's name, taking one's data along, and going."""

from __future__ import annotations

import asyncpg
import pytest

from services.identity.app import create
from services.identity.settings import Settings
from tests.services.identity.conftest import PASSWORD, Visitor, new_email
from tests.services.identity.data_service import DataService
from tests.support.applications import client_of, problem
from tests.support.cognito import UserPool
from tests.support.migrated import MigratedDatabase
from tests.support.totp import totp

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def has_row(schema: MigratedDatabase, user_id: str) -> bool:
    connection = await asyncpg.connect(schema.database.url)
    found = await connection.fetchval("SELECT 1 FROM identity.users WHERE id = $1", user_id)
    await connection.close()
    return bool(found)


async def test_a_name_is_changed_here_and_at_the_pool(script: Visitor) -> None:
    user = (await script.join())["user"]
    renamed = (await script.call("PATCH", "/users/me", {"name": "  Countess Ada "})).json()
    assert renamed == {**user, "name": "Countess Ada"}
    assert (await script.enter())["user"] == renamed


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x" * 201}, {"name": "a", "groups": ["admin"]}, [], None])
async def test_a_change_that_makes_no_sense_is_refused(script: Visitor, body: object) -> None:
    user = (await script.join())["user"]
    problem(await script.call("PATCH", "/users/me", body), 422, "invalid_request")
    assert (await script.call("GET", "/users/me")).json() == user


async def test_going_takes_everything_along(
    script: Visitor, data_service: DataService, schema: MigratedDatabase
) -> None:
    body = await script.join()
    user_id = body["user"]["id"]
    data_service.products = {user_id: [{"name": "Lamp"}], "somebody": [{"name": "Chair"}]}
    assert (await script.call("DELETE", "/users/me", {"password": PASSWORD})).status_code == 204
    assert data_service.products == {"somebody": [{"name": "Chair"}]}
    assert not await has_row(schema, user_id)
    problem(await script.login(), 401, "invalid_credentials")
    problem(await script.post("refresh", {"refresh_token": body["refresh_token"]}), 401, "session_expired")


async def test_the_address_is_free_again(script: Visitor) -> None:
    first = (await script.join())["user"]["id"]
    await script.call("DELETE", "/users/me", {"password": PASSWORD})
    assert (await script.join())["user"]["id"] != first


async def test_a_wrong_password_deletes_nothing(
    script: Visitor, data_service: DataService, schema: MigratedDatabase
) -> None:
    user_id = (await script.join())["user"]["id"]
    data_service.products = {user_id: [{"name": "Lamp"}]}
    response = await script.call("DELETE", "/users/me", {"password": "Wrong-horse-7-battery"})
    problem(response, 400, "password_wrong")
    assert user_id in data_service.products
    assert await has_row(schema, user_id)
    assert (await script.login()).status_code == 200


@pytest.mark.parametrize("body", [None, {}, {"password": ""}])
async def test_nobody_goes_without_a_password(script: Visitor, body: object) -> None:
    await script.join()
    problem(await script.call("DELETE", "/users/me", body), 422, "invalid_request")
    assert (await script.login()).status_code == 200


async def test_a_second_factor_does_not_keep_anybody(script: Visitor) -> None:
    await script.join()
    secret = (await script.call("POST", "/auth/mfa/totp")).json()["secret"]
    await script.call("POST", "/auth/mfa/totp/verify", {"code": totp(secret)})
    assert (await script.call("DELETE", "/users/me", {"password": PASSWORD})).status_code == 204
    problem(await script.login(), 401, "invalid_credentials")


@pytest.mark.parametrize("status", [500, 503, 401, 400])
async def test_while_products_cannot_be_deleted_nothing_is(
    script: Visitor, data_service: DataService, schema: MigratedDatabase, status: int
) -> None:
    user_id = (await script.join())["user"]["id"]
    data_service.failing = status
    try:
        response = await script.call("DELETE", "/users/me", {"password": PASSWORD})
    finally:
        data_service.failing = 0
    problem(response, 503, "products_unavailable")
    assert int(response.headers["retry-after"]) > 0
    assert await has_row(schema, user_id)
    assert (await script.login()).status_code == 200


async def test_without_the_data_service_nothing_is_deleted(
    script: Visitor, settings: Settings, schema: MigratedDatabase
) -> None:
    user_id = (await script.join())["user"]["id"]
    bearer = {"authorization": f"Bearer {script.access_token}"}
    alone = settings.model_copy(update={"data_url": "http://127.0.0.1:9"})
    async with client_of(create(alone, pace=0)) as client:
        response = await client.request("DELETE", "/api/v1/users/me", json={"password": PASSWORD}, headers=bearer)
        problem(response, 503, "products_unavailable")
        problem(await client.get("/api/v1/users/me/export", headers=bearer), 503, "products_unavailable")
    assert await has_row(schema, user_id)
    assert (await script.login()).status_code == 200


async def test_without_the_database_nothing_is_deleted(
    script: Visitor, settings: Settings, data_service: DataService
) -> None:
    user_id = (await script.join())["user"]["id"]
    data_service.products = {user_id: [{"name": "Lamp"}]}
    bearer = {"authorization": f"Bearer {script.access_token}"}
    async with client_of(create(settings.model_copy(update={"database_port": 9}), pace=0)) as client:
        response = await client.request("DELETE", "/api/v1/users/me", json={"password": PASSWORD}, headers=bearer)
    problem(response, 503, "database_unavailable")
    assert user_id in data_service.products
    assert (await script.login()).status_code == 200


async def test_a_pool_that_refuses_leaves_the_row(script: Visitor, pool: UserPool, schema: MigratedDatabase) -> None:
    """As when somebody is disabled at this very moment."""
    user_id = (await script.join())["user"]["id"]
    script.mails.client().admin_disable_user(UserPoolId=pool.id, Username=script.email)
    problem(await script.call("DELETE", "/users/me", {"password": PASSWORD}), 400, "password_wrong")
    assert await has_row(schema, user_id)


@pytest.mark.parametrize("count", [0, 1, 100, 250])
async def test_all_that_is_kept_comes_as_one_document(script: Visitor, data_service: DataService, count: int) -> None:
    script.email = new_email()
    user = (await script.join())["user"]
    products = [{"id": str(number), "name": "Lämpchen"} for number in range(count)]
    data_service.products = {user["id"]: products}
    response = await script.call("GET", "/users/me/export")
    assert response.headers["content-type"] == "application/json"
    assert response.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body.pop("exported_at")
    assert body == {"user": user, "products": products}


async def test_the_trace_and_the_request_id_go_along_to_the_data_service(
    script: Visitor, data_service: DataService
) -> None:
    await script.join()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    asked = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "x-request-id": "asked-here"}
    await script.call("GET", "/users/me/export", **asked)
    _, seen, parent, _ = data_service.seen["traceparent"].split("-")
    assert (seen, data_service.seen["x-request-id"]) == (trace, "asked-here")
    assert parent != "00f067aa0ba902b7"


@pytest.mark.parametrize(("method", "path"), [("PATCH", "me"), ("DELETE", "me"), ("GET", "me/export")])
async def test_none_of_it_without_a_token(script: Visitor, method: str, path: str) -> None:
    problem(await script.client.request(method, f"/users/{path}"), 401, "token_missing")
