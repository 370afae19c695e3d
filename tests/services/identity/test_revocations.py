"""A sign-out reaches every service within seconds, though none of them asks about any one token."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from services.catalog import REVOCATIONS_PATH
from services.data.app import create as create_data
from services.data.settings import Settings as DataSettings
from services.gateway.app import create as create_gateway
from services.gateway.settings import Settings as GatewaySettings
from services.identity.app import create
from services.identity.settings import Settings
from services.shared.auth.fetch import DEADLINE
from services.shared.auth.revocation import INTERVAL
from tests.services.identity.conftest import BODY, PASSWORD, Visitor, new_email
from tests.support.applications import client_of, problem, served
from tests.support.cognito import CognitoServer, UserPool
from tests.support.migrated import MigratedDatabase, migrated
from tests.support.postgres import Database

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON = 0.1
PROMISED = 30.0
"""Seconds within which no service takes a withdrawn token any more."""


async def test_the_promise_holds_with_one_poll_lost() -> None:
    assert 2 * INTERVAL + 2 * DEADLINE <= PROMISED


class Services:
    """Identity, data and gateway, each behind its own HTTP server."""

    def __init__(self, mails: CognitoServer, identity: str, data: str, gateway: str) -> None:
        self.mails = mails
        self.identity = identity
        self.data = data
        self.gateway = gateway
        self.client = httpx.AsyncClient(base_url=f"{identity}/api/v1", headers=BODY)

    async def join(self) -> Visitor:
        visitor = Visitor(self.client, self.mails, new_email(), BODY)
        await visitor.join()
        return visitor

    async def answers(self, access_token: str) -> dict[str, int]:
        """What each service answers to the token."""
        bearer = {"authorization": f"Bearer {access_token}"}
        urls = {
            "identity": f"{self.identity}/api/v1/users/me",
            "data": f"{self.data}/api/v1/products",
            "gateway": f"{self.gateway}/api/v1/products",
        }
        return {name: (await self.client.get(url, headers=bearer)).status_code for name, url in urls.items()}

    async def refused_everywhere(self, access_token: str) -> float:
        """Seconds until every service refuses the token; they are asked the whole time."""
        started = time.monotonic()
        while set((await self.answers(access_token)).values()) != {401}:
            assert time.monotonic() - started < PROMISED
            await asyncio.sleep(SOON / 4)
        return time.monotonic() - started


@pytest.fixture(scope="module")
def data_schema(module_database: Database) -> MigratedDatabase:
    return migrated(module_database, "services.data")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    settings: Settings, data_schema: MigratedDatabase, cognito_server: CognitoServer
) -> AsyncIterator[Services]:
    names = set(Settings.model_fields) & set(GatewaySettings.model_fields)
    shared = {name: getattr(settings, name) for name in names}
    async with AsyncExitStack() as stack:
        identity = await stack.enter_async_context(served(create(settings, revocation_interval=SOON, pace=0)))
        data_settings = DataSettings.model_validate({**shared, **data_schema.settings, "identity_url": identity})
        data = await stack.enter_async_context(served(create_data(data_settings, revocation_interval=SOON)))
        urls = {"identity_url": identity, "data_url": data}
        own = {"rate_limit_user": 10_000, "rate_limit_address": 10_000, "cors_origins": "none"}
        gateway_settings = GatewaySettings.model_validate({**shared, **own, **urls})
        gateway = await stack.enter_async_context(served(create_gateway(gateway_settings, revocation_interval=SOON)))
        running = Services(cognito_server, identity, data, gateway)
        async with running.client:
            yield running


async def test_signing_out_ends_the_access_token_of_this_sign_in_alone(services: Services) -> None:
    visitor = await services.join()
    here = (await visitor.enter())["refresh_token"]
    token = visitor.access_token
    elsewhere = await visitor.enter()
    assert set((await services.answers(token)).values()) == {200}
    assert (await visitor.post("logout", {"refresh_token": here})).status_code == 204
    await services.refused_everywhere(token)
    assert set((await services.answers(elsewhere["access_token"])).values()) == {200}


async def test_signing_out_everywhere_ends_every_access_token(services: Services) -> None:
    visitor = await services.join()
    first = visitor.access_token
    here = await visitor.enter()
    assert (
        await visitor.post("logout", {"refresh_token": here["refresh_token"], "everywhere": True})
    ).status_code == 204
    for token in (first, here["access_token"]):
        assert await services.refused_everywhere(token) < PROMISED
    await asyncio.sleep(1.1)  # tokens tell whole seconds
    await visitor.enter()
    assert set((await services.answers(visitor.access_token)).values()) == {200}


async def test_whoever_is_disabled_is_out_with_the_token_at_hand(services: Services, pool: UserPool) -> None:
    admin, other = await services.join(), await services.join()
    await admin.promote(pool)
    user_id = (await other.call("GET", "/users/me")).json()["id"]
    assert (await admin.call("POST", f"/users/{user_id}/disable")).status_code == 204
    await services.refused_everywhere(other.access_token)
    problem(await other.call("GET", "/users/me"), 401, "token_revoked")


async def test_whoever_leaves_a_group_has_no_token_that_names_it(services: Services, pool: UserPool) -> None:
    admin, other = await services.join(), await services.join()
    await admin.promote(pool)
    user_id = await other.promote(pool)
    assert (await other.call("GET", "/users")).status_code == 200
    assert (await admin.call("DELETE", f"/users/{user_id}/groups/admin")).status_code == 204
    await services.refused_everywhere(other.access_token)


async def test_whoever_has_gone_is_out_with_the_token_at_hand(services: Services) -> None:
    visitor = await services.join()
    assert (await visitor.call("DELETE", "/users/me", {"password": PASSWORD})).status_code == 204
    await services.refused_everywhere(visitor.access_token)


async def test_whoever_goes_takes_their_products_along_and_nobody_elses(services: Services, settings: Settings) -> None:
    """With the data service itself, not a stand-in."""
    lamp = {"name": "Lamp", "description": "Warm light", "price_minor": 4900, "currency": "EUR"}
    visitor, neighbour = await services.join(), await services.join()
    made = {}
    for owner in (visitor, neighbour):
        bearer = {"authorization": f"Bearer {owner.access_token}"}
        made[owner.email] = await services.client.post(f"{services.data}/api/v1/products", json=lamp, headers=bearer)
        assert made[owner.email].status_code == 201
    bearer = {"authorization": f"Bearer {visitor.access_token}"}
    beside_data = settings.model_copy(update={"data_url": services.data})
    async with client_of(create(beside_data, revocation_interval=SOON, pace=0)) as client:
        exported = await client.get("/api/v1/users/me/export", headers=bearer)
        assert [product["name"] for product in exported.json()["products"]] == ["Lamp"]
        gone = await client.request("DELETE", "/api/v1/users/me", json={"password": PASSWORD}, headers=bearer)
        assert gone.status_code == 204
    bearer = {"authorization": f"Bearer {neighbour.access_token}"}
    for owner, status in ((visitor, 404), (neighbour, 200)):
        product = made[owner.email].json()["id"]
        found = await services.client.get(f"{services.data}/api/v1/products/{product}", headers=bearer)
        assert found.status_code == status


async def test_a_reset_password_ends_every_access_token(services: Services) -> None:
    visitor = await services.join()
    await visitor.post("forgot", {"email": visitor.email})
    given = {"email": visitor.email, "code": visitor.mails.sent_codes(visitor.email)[-1]}
    assert (await visitor.post("reset", {**given, "new_password": "Another-horse-8-battery"})).status_code == 204
    await services.refused_everywhere(visitor.access_token)


async def test_the_list_is_served_to_services_and_names_no_more_than_it_must(services: Services) -> None:
    visitor = await services.join()
    user_id = (await visitor.call("GET", "/users/me")).json()["id"]
    before = int(time.time())
    session = (await visitor.enter())["refresh_token"]
    await visitor.post("logout", {"refresh_token": session, "everywhere": True})
    response = await services.client.get(f"{services.identity}{REVOCATIONS_PATH}")
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    body: dict[str, Any] = response.json()
    assert set(body) == {"revocations"}
    assert before < body["revocations"][user_id] <= time.time() + 2
    problem(await services.client.get(f"{services.gateway}{REVOCATIONS_PATH}"), 401, "token_missing")


async def test_an_entry_goes_once_no_token_is_left_that_it_could_mean(
    services: Services, schema: MigratedDatabase
) -> None:
    visitor = await services.join()
    connection = await asyncpg.connect(schema.database.url)
    await connection.execute(
        "INSERT INTO identity.user_revocations VALUES ('long ago', 1, now() - interval '1 second')"
    )
    response = await services.client.get(f"{services.identity}{REVOCATIONS_PATH}")
    assert "long ago" not in response.json()["revocations"]
    await visitor.post("logout", {"refresh_token": (await visitor.enter())["refresh_token"]})
    assert not await connection.fetchval("SELECT 1 FROM identity.user_revocations WHERE id = 'long ago'")
    lives = await connection.fetchval("SELECT max(expires_at - now()) FROM identity.user_revocations")
    assert 600 < lives.total_seconds() <= 660  # the access token's ten minutes, and a little for the clocks
    await connection.close()


async def test_a_session_that_was_signed_out_elsewhere_is_refused_here(
    services: Services, settings: Settings, script: Visitor
) -> None:
    """Another process of the service, which has only read the list, refuses the session without asking the pool."""
    session = (await script.join())["refresh_token"]
    assert (await script.post("logout", {"refresh_token": session})).status_code == 204
    async with client_of(create(settings, revocation_interval=SOON, pace=0)) as client:
        await asyncio.sleep(3 * SOON)
        response = await client.post("/api/v1/auth/refresh", json={"refresh_token": session}, headers=BODY)
    problem(response, 401, "session_expired")


async def test_without_the_database_signing_out_is_not_said_to_have_worked(script: Visitor, settings: Settings) -> None:
    session = (await script.join())["refresh_token"]
    for everywhere in (False, True):
        async with client_of(create(settings.model_copy(update={"database_port": 9}), pace=0)) as client:
            given = {"refresh_token": session, "everywhere": everywhere}
            response = await client.post("/api/v1/auth/logout", json=given, headers=BODY)
        problem(response, 503, "database_unavailable")
    assert (await script.post("refresh", {"refresh_token": session})).status_code == 200
