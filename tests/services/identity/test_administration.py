"""What administrators see and do, and what others may not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from tests.services.identity.conftest import Visitor, new_email
from tests.support.applications import problem
from tests.support.cognito import UserPool

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def admin(script: Visitor, pool: UserPool) -> Visitor:
    """A signed-in administrator."""
    await script.join()
    await script.promote(pool)
    return script


@pytest_asyncio.fixture(loop_scope="module")
async def other(browser: Visitor) -> Visitor:
    """Somebody who is none."""
    await browser.join()
    return browser


async def id_of(visitor: Visitor) -> str:
    return str((await visitor.call("GET", "/users/me")).json()["id"])


async def pages(admin: Visitor, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {**parameters, **({"cursor": cursor} if cursor else {})}
        response = await admin.client.get(
            "/users", params=query, headers={"authorization": f"Bearer {admin.access_token}"}
        )
        assert response.status_code == 200, response.text
        found += response.json()["items"]
        cursor = response.json()["next_cursor"]
    return found


async def test_users_are_listed_newest_first_page_by_page(admin: Visitor, other: Visitor) -> None:
    emails = [admin.email, other.email]
    for _ in range(3):
        other.email = new_email()
        await other.join()
        emails.append(other.email)
    whole = await pages(admin, limit=100)
    assert [user["email"] for user in whole[:5]] == emails[::-1]
    assert await pages(admin, limit=2) == whole
    assert set(whole[0]) == {"id", "email", "name", "groups", "created_at", "enabled"}
    assert {user["email"]: user["groups"] for user in whole}[admin.email] == ["admin"]


async def test_a_search_finds_by_email_by_name_and_by_id(admin: Visitor, other: Visitor) -> None:
    await other.call("PATCH", "/users/me", {"name": "Grace 100%_Hopper"})
    user_id = await id_of(other)
    for q in (other.email, other.email[:10].upper(), "0%_hop", user_id):
        assert [user["email"] for user in await pages(admin, q=q)] == [other.email], q
    for q in ("nobody at all", "%_%", "\\"):
        assert await pages(admin, q=q) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"page": 2}, "page"),
        ({"q": ["ada", "bob"]}, "q"),
        ({"limit": [5, 5]}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"q": "x" * 201}, "q"),
        ({"q": "a\0b"}, "q"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "A" * 12}, "cursor"),
        ({"cursor": "f" * 32}, "cursor"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(admin: Visitor, query: dict[str, Any], field: str) -> None:
    bearer = {"authorization": f"Bearer {admin.access_token}"}
    body = problem(await admin.client.get("/users", params=query, headers=bearer), 422, "invalid_request")
    assert [error["field"] for error in body["errors"]] == [field]


async def test_a_disabled_user_is_out_until_enabled(admin: Visitor, other: Visitor) -> None:
    user_id = await id_of(other)
    assert (await admin.call("POST", f"/users/{user_id}/disable")).status_code == 204
    problem(await other.login(), 401, "invalid_credentials")
    problem(await other.post("refresh"), 401, "session_expired")
    assert [user["enabled"] for user in await pages(admin, q=other.email)] == [False]
    assert (await admin.call("POST", f"/users/{user_id}/enable")).status_code == 204
    assert (await other.login()).status_code == 200
    assert [user["enabled"] for user in await pages(admin, q=other.email)] == [True]


async def test_a_group_is_joined_and_left(admin: Visitor, other: Visitor) -> None:
    user_id = await id_of(other)
    for _ in range(2):
        assert (await admin.call("PUT", f"/users/{user_id}/groups/admin")).status_code == 204
    assert [user["groups"] for user in await pages(admin, q=other.email)] == [["admin"]]
    await other.enter()
    assert (await other.call("GET", "/users")).status_code == 200
    for _ in range(2):
        assert (await admin.call("DELETE", f"/users/{user_id}/groups/admin")).status_code == 204
    assert (await admin.call("GET", f"/users/{user_id}")).json()["groups"] == []


async def test_nobody_shuts_themselves_out(admin: Visitor) -> None:
    user_id = await id_of(admin)
    problem(await admin.call("POST", f"/users/{user_id}/disable"), 409, "not_yourself")
    problem(await admin.call("DELETE", f"/users/{user_id}/groups/admin"), 409, "not_yourself")
    assert (await admin.enter())["user"]["groups"] == ["admin"]


@pytest.mark.parametrize("group", ["nobodies", "no-such-group"])
async def test_a_group_that_is_not_there_is_not_found(admin: Visitor, other: Visitor, group: str) -> None:
    user_id = await id_of(other)
    problem(await admin.call("PUT", f"/users/{user_id}/groups/{group}"), 404, "not_found")


ACTS = [
    ("POST", "disable"),
    ("POST", "enable"),
    ("PUT", "groups/admin"),
    ("DELETE", "groups/admin"),
]


@pytest.mark.parametrize(("method", "act"), ACTS)
@pytest.mark.parametrize("user_id", ["nobody", "00000000-0000-0000-0000-000000000000", "a b", "%00"])
async def test_nothing_is_done_to_nobody(admin: Visitor, method: str, act: str, user_id: str) -> None:
    problem(await admin.call(method, f"/users/{user_id}/{act}"), 404, "not_found")


@pytest.mark.parametrize(("method", "act"), ACTS)
async def test_an_email_is_no_id(admin: Visitor, other: Visitor, method: str, act: str) -> None:
    problem(await admin.call(method, f"/users/{other.email}/{act}"), 404, "not_found")


@pytest.mark.parametrize(("method", "act"), [("GET", ""), *ACTS])
async def test_whoever_is_no_administrator_is_refused(other: Visitor, method: str, act: str) -> None:
    path = f"/users/{await id_of(other)}/{act}" if act else "/users"
    problem(await other.call(method, path), 403, "insufficient_group")


@pytest.mark.parametrize(("method", "act"), ACTS)
async def test_nobody_acts_without_a_token(script: Visitor, method: str, act: str) -> None:
    problem(await script.client.request(method, f"/users/someone/{act}"), 401, "token_missing")


async def test_the_same_act_twice_at_once_is_done_once(admin: Visitor, other: Visitor) -> None:
    user_id = await id_of(other)
    answers = await asyncio.gather(*(admin.call("POST", f"/users/{user_id}/disable") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {204}
