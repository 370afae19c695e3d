"""Users: oneself for everyone, anyone for administrators."""

from __future__ import annotations

import asyncio

import asyncpg
import httpx
import pytest

from tests.services.identity.conftest import Visitor, new_email
from tests.support.applications import problem
from tests.support.cognito import CognitoServer, UserPool
from tests.support.migrated import MigratedDatabase

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def get(visitor: Visitor, path: str, access_token: str) -> httpx.Response:
    return await visitor.client.get(f"/users/{path}", headers={"authorization": f"Bearer {access_token}"})


async def administrator(visitor: Visitor, server: CognitoServer, pool: UserPool) -> str:
    """The access token of a new administrator, whom `visitor` then is."""
    visitor.email = new_email()
    await visitor.join()
    server.client().admin_add_user_to_group(UserPoolId=pool.id, Username=visitor.email, GroupName="admin")
    return str((await visitor.login()).json()["access_token"])


async def forget(schema: MigratedDatabase, user_id: str) -> None:
    """Take the user's row away, as if they had never signed in here."""
    connection = await asyncpg.connect(schema.database.url)
    await connection.execute("DELETE FROM identity.users WHERE id = $1", user_id)
    await connection.close()


async def test_a_user_sees_themselves_by_either_name(script: Visitor) -> None:
    body = await script.join()
    by_me = await get(script, "me", body["access_token"])
    by_id = await get(script, body["user"]["id"], body["access_token"])
    assert by_me.json() == by_id.json() == body["user"]


async def test_someone_else_is_not_found_like_nobody_at_all(script: Visitor) -> None:
    other = (await script.join())["user"]["id"]
    script.email = new_email()
    token = (await script.join())["access_token"]
    answers = [problem(await get(script, path, token), 404, "not_found") for path in (other, "nobody", "%00")]
    assert len({answer["detail"] for answer in answers}) == 1


async def test_an_administrator_sees_anyone_with_their_groups(
    script: Visitor, cognito_server: CognitoServer, pool: UserPool
) -> None:
    other = (await script.join())["user"]
    token = await administrator(script, cognito_server, pool)
    assert (await get(script, other["id"], token)).json() == other
    myself = (await get(script, "me", token)).json()
    assert myself["groups"] == ["admin"]
    third = await administrator(script, cognito_server, pool)
    assert (await get(script, myself["id"], third)).json() == myself


@pytest.mark.parametrize("user_id", ["nobody", "00000000-0000-0000-0000-000000000000", "x" * 129, "a b", "%00", "'"])
async def test_an_administrator_is_told_when_there_is_no_such_user(
    script: Visitor, cognito_server: CognitoServer, pool: UserPool, user_id: str
) -> None:
    problem(await get(script, user_id, await administrator(script, cognito_server, pool)), 404, "not_found")


async def test_an_administrator_sees_whoever_has_not_signed_in_here_yet(
    script: Visitor, cognito_server: CognitoServer, pool: UserPool
) -> None:
    email = new_email()
    made = cognito_server.client().admin_create_user(
        UserPoolId=pool.id,
        Username=email,
        UserAttributes=[{"Name": "email", "Value": email}, {"Name": "name", "Value": "Grace"}],
        MessageAction="SUPPRESS",
    )
    token = await administrator(script, cognito_server, pool)
    body = (await get(script, made["User"]["Username"], token)).json()
    assert (body["email"], body["name"]) == (email, "Grace")


async def test_a_user_without_a_row_gets_one_when_they_look(script: Visitor, schema: MigratedDatabase) -> None:
    body = await script.join()
    await forget(schema, body["user"]["id"])
    again = (await get(script, "me", body["access_token"])).json()
    assert {**again, "created_at": ""} == {**body["user"], "created_at": ""}


async def test_looking_and_signing_in_at_once_makes_one_row(script: Visitor, schema: MigratedDatabase) -> None:
    body = await script.join()
    await forget(schema, body["user"]["id"])
    looks = [get(script, "me", body["access_token"]) for _ in range(8)]
    answers = await asyncio.gather(*looks, *(script.login() for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["created_at"] for answer in answers[:8]}) == 1


async def test_a_new_name_is_taken_over_at_the_next_sign_in(
    script: Visitor, cognito_server: CognitoServer, pool: UserPool
) -> None:
    first = (await script.join())["user"]
    cognito_server.client().admin_update_user_attributes(
        UserPoolId=pool.id, Username=script.email, UserAttributes=[{"Name": "name", "Value": "Countess"}]
    )
    again = (await script.login()).json()["user"]
    assert (again["name"], again["created_at"]) == ("Countess", first["created_at"])


@pytest.mark.parametrize("path", ["me", "someone"])
async def test_nobody_sees_users_without_a_token(script: Visitor, path: str) -> None:
    problem(await script.client.get(f"/users/{path}"), 401, "token_missing")


async def test_an_id_token_opens_nothing(script: Visitor, cognito_server: CognitoServer, pool: UserPool) -> None:
    await script.join()
    tokens = cognito_server.client().initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={
            "USERNAME": script.email,
            "PASSWORD": "Correct-horse-7-battery",
            "SECRET_HASH": pool.secret_hash(script.email),
        },
    )["AuthenticationResult"]
    problem(await get(script, "me", tokens["IdToken"]), 401, "token_use_mismatch")
    assert (await get(script, "me", tokens["AccessToken"])).status_code == 200
