"""Many people at once, and the same person many times at once."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import asyncpg
import httpx
import pytest

from scripts.local import cognito
from services.identity.app import create
from services.identity.settings import Settings
from tests.services.identity.conftest import BODY, PASSWORD, new_email
from tests.support.applications import served
from tests.support.cognito import CognitoServer
from tests.support.migrated import MigratedDatabase

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.drill]

CROWD = 200
SAME = 50


class Crowd:
    """Somebody with a thousand addresses, at a service behind its own HTTP server."""

    def __init__(self, url: str) -> None:
        limits = httpx.Limits(max_connections=CROWD)
        self.client = httpx.AsyncClient(base_url=f"{url}/api/v1/auth", headers=BODY, limits=limits, timeout=60)

    async def post(self, path: str, email: str, **more: str) -> httpx.Response:
        address = ".".join(str(secrets.randbelow(256)) for _ in range(4))
        return await self.client.post(path, json={"email": email, **more}, headers={"x-forwarded-for": address})

    async def sign_up(self, email: str) -> httpx.Response:
        return await self.post("signup", email, password=PASSWORD, name="Ada")

    async def sign_in(self, email: str) -> httpx.Response:
        return await self.post("login", email, password=PASSWORD)


def codes(server: CognitoServer) -> dict[str, str]:
    """The newest code of each address."""
    return {mail.to: mail.code for mail in cognito.mails(server.url)}


async def rows(schema: MigratedDatabase, emails: list[str]) -> list[Any]:
    connection = await asyncpg.connect(schema.database.url)
    found = await connection.fetch("SELECT id, email FROM identity.users WHERE email = ANY($1)", emails)
    await connection.close()
    return list(found)


async def test_two_hundred_people_sign_up_confirm_and_sign_in_at_once(
    settings: Settings, schema: MigratedDatabase, cognito_server: CognitoServer
) -> None:
    emails = [new_email() for _ in range(CROWD)]
    async with served(create(settings, pace=0)) as url, (crowd := Crowd(url)).client:
        signed_up = await asyncio.gather(*(crowd.sign_up(email) for email in emails))
        assert [answer.status_code for answer in signed_up] == [201] * CROWD
        sent = codes(cognito_server)
        confirmed = await asyncio.gather(*(crowd.post("confirm", email, code=sent[email]) for email in emails))
        assert [answer.status_code for answer in confirmed] == [204] * CROWD
        signed_in = await asyncio.gather(*(crowd.sign_in(email) for email in emails))
        assert [answer.status_code for answer in signed_in] == [200] * CROWD
    ids = {answer.json()["user"]["id"] for answer in signed_in}
    found = await rows(schema, emails)
    assert len(ids) == len(found) == CROWD
    assert ids == {row["id"] for row in found}


async def test_one_person_signs_up_and_in_many_times_at_once_and_is_one(
    settings: Settings, schema: MigratedDatabase, cognito_server: CognitoServer
) -> None:
    """More often than one account may: the limits have their own tests. What is too much signs nobody up twice."""
    email = new_email()
    async with served(create(settings, pace=0)) as url, (crowd := Crowd(url)).client:
        signed_up = await asyncio.gather(*(crowd.sign_up(email) for _ in range(SAME)))
        assert {answer.status_code for answer in signed_up} == {201, 429}
        await crowd.post("confirm", email, code=codes(cognito_server)[email])
        ids = set()
        for _ in range(SAME // 10):
            answers = await asyncio.gather(*(crowd.sign_in(email) for _ in range(10)))
            assert {answer.status_code for answer in answers} == {200}
            ids |= {answer.json()["user"]["id"] for answer in answers}
    assert [row["id"] for row in await rows(schema, [email])] == list(ids)


async def test_many_first_looks_and_sign_ins_of_one_person_make_one_row(
    settings: Settings, schema: MigratedDatabase, cognito_server: CognitoServer
) -> None:
    """The row is made at first sight, whichever request comes first."""
    email = new_email()
    async with served(create(settings, pace=0)) as url, (crowd := Crowd(url)).client:
        await crowd.sign_up(email)
        await crowd.post("confirm", email, code=codes(cognito_server)[email])
        body = (await crowd.sign_in(email)).json()
        connection = await asyncpg.connect(schema.database.url)
        await connection.execute("DELETE FROM identity.users WHERE id = $1", body["user"]["id"])
        await connection.close()
        bearer = {"authorization": f"Bearer {body['access_token']}"}
        looks = [crowd.client.get(f"{url}/api/v1/users/me", headers=bearer) for _ in range(CROWD - 10)]
        answers = await asyncio.gather(*looks, *(crowd.sign_in(email) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await rows(schema, [email])) == 1
