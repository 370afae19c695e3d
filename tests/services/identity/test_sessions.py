"""Signing in, staying signed in, signing out: in a browser and without one."""

from __future__ import annotations

import asyncio
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from services.identity.app import create
from services.identity.settings import Settings
from tests.services.identity.conftest import BODY, BROWSER, COOKIE, KEYS, ORIGIN, PASSWORD, Visitor, new_email
from tests.support.applications import client_of, problem
from tests.support.cognito import CognitoServer, UserPool

pytestmark = pytest.mark.asyncio(loop_scope="module")


def cookie_of(response: httpx.Response) -> Any:
    jar: SimpleCookie = SimpleCookie()
    for header in response.headers.get_list("set-cookie"):
        jar.load(header)
    return jar[COOKIE]


async def me(visitor: Visitor, access_token: str) -> httpx.Response:
    return await visitor.client.get("/users/me", headers={"authorization": f"Bearer {access_token}"})


async def test_signing_in_gives_an_access_token_and_says_whose_it_is(script: Visitor) -> None:
    body = await script.join()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)
    assert {name: body["user"][name] for name in ("email", "name", "groups")} == {
        "email": script.email,
        "name": "Ada Lovelace",
        "groups": [],
    }
    assert (await me(script, body["access_token"])).json() == body["user"]


async def test_answers_with_tokens_are_never_stored(script: Visitor) -> None:
    body = await script.join()
    refreshed = await script.post("refresh", {"refresh_token": body["refresh_token"]})
    for response in (await script.login(), refreshed):
        assert response.headers["cache-control"] == "no-store"


async def test_a_browser_keeps_its_session_where_no_script_can_read_it(browser: Visitor) -> None:
    assert "refresh_token" not in await browser.join()
    cookie = cookie_of(await browser.login())
    attributes = {name: cookie[name] for name in ("httponly", "secure", "samesite", "path", "domain", "max-age")}
    assert attributes == {
        "httponly": True,
        "secure": True,
        "samesite": "strict",
        "path": "/api/v1/auth",
        "domain": "",
        "max-age": str(30 * 24 * 3600),
    }


async def test_who_is_no_browser_gets_no_cookie(script: Visitor) -> None:
    await script.join()
    assert "set-cookie" not in (await script.login()).headers


async def test_the_pools_own_refresh_token_never_leaves(browser: Visitor, script: Visitor) -> None:
    in_hand = (await script.join())["refresh_token"]
    await browser.join()
    for carried in (in_hand, cookie_of(await browser.login()).value):
        assert "." not in carried  # a token of the pool has dots
        assert len(carried) < 3500  # with its attributes it fits the 4,096 bytes that browsers keep


async def test_a_browsers_session_is_refreshed_by_its_cookie(browser: Visitor) -> None:
    await browser.join()
    body = (await browser.post("refresh")).json()
    assert set(body) == {"access_token", "token_type", "expires_in"}
    assert (await me(browser, body["access_token"])).status_code == 200


async def test_a_session_in_hand_is_refreshed_by_what_the_sign_in_gave(script: Visitor) -> None:
    refresh_token = (await script.join())["refresh_token"]
    body = (await script.post("refresh", {"refresh_token": refresh_token})).json()
    assert (await me(script, body["access_token"])).status_code == 200


async def test_many_refreshes_at_once_all_succeed(script: Visitor) -> None:
    refresh_token = (await script.join())["refresh_token"]
    answers = await asyncio.gather(*(script.post("refresh", {"refresh_token": refresh_token}) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}


async def test_after_signing_out_the_cookie_is_gone_and_its_copy_is_worthless(browser: Visitor) -> None:
    await browser.join()
    stolen = browser.client.cookies[COOKIE]
    response = await browser.post("logout")
    assert (response.status_code, cookie_of(response)["max-age"]) == (204, "0")
    assert COOKIE not in browser.client.cookies
    problem(await browser.post("refresh", cookie=f"{COOKIE}={stolen}"), 401, "session_expired")


async def test_after_signing_out_a_session_in_hand_is_over(script: Visitor) -> None:
    refresh_token = (await script.join())["refresh_token"]
    assert (await script.post("logout", {"refresh_token": refresh_token})).status_code == 204
    problem(await script.post("refresh", {"refresh_token": refresh_token}), 401, "session_expired")


async def test_signing_out_leaves_the_sessions_elsewhere(script: Visitor) -> None:
    here = (await script.join())["refresh_token"]
    elsewhere = (await script.login()).json()["refresh_token"]
    await script.post("logout", {"refresh_token": here})
    assert (await script.post("refresh", {"refresh_token": elsewhere})).status_code == 200


async def test_signing_out_everywhere_ends_the_sessions_elsewhere(script: Visitor) -> None:
    here = (await script.join())["refresh_token"]
    elsewhere = (await script.login()).json()["refresh_token"]
    assert (await script.post("logout", {"refresh_token": here, "everywhere": True})).status_code == 204
    for session in (here, elsewhere):
        problem(await script.post("refresh", {"refresh_token": session}), 401, "session_expired")


@pytest.mark.parametrize("everywhere", [False, True])
async def test_signing_out_of_a_session_that_is_over_is_done_already(script: Visitor, everywhere: bool) -> None:
    asked = {"refresh_token": (await script.join())["refresh_token"], "everywhere": everywhere}
    for _ in range(2):
        assert (await script.post("logout", asked)).status_code == 204


async def test_signing_out_without_a_session_is_done_already(browser: Visitor) -> None:
    assert (await browser.post("logout")).status_code == 204


async def test_a_wrong_password_and_an_unknown_user_are_answered_alike(script: Visitor) -> None:
    await script.join()
    wrong = problem(await script.login("Wrong-horse-7-battery"), 401, "invalid_credentials")
    script.email = new_email()
    unknown = problem(await script.login(), 401, "invalid_credentials")
    assert wrong["detail"] == unknown["detail"]


async def test_a_disabled_user_is_answered_like_a_wrong_password(
    script: Visitor, cognito_server: CognitoServer, pool: UserPool
) -> None:
    refresh_token = (await script.join())["refresh_token"]
    cognito_server.client().admin_disable_user(UserPoolId=pool.id, Username=script.email)
    problem(await script.login(), 401, "invalid_credentials")
    problem(await script.post("refresh", {"refresh_token": refresh_token}), 401, "session_expired")


async def test_a_user_whom_an_administrator_made_is_asked_for_a_new_password(
    script: Visitor, cognito_server: CognitoServer, pool: UserPool
) -> None:
    cognito_server.client().admin_create_user(
        UserPoolId=pool.id, Username=script.email, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
    )
    body = (await script.login()).json()
    assert (set(body), body["challenge"]) == ({"challenge", "session"}, "NEW_PASSWORD_REQUIRED")


async def test_a_401_says_how_to_authenticate(script: Visitor) -> None:
    assert (await script.login()).headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("sealed", ["", "x", "!!!!", "A" * 200, "ä", None])
async def test_a_session_that_we_did_not_seal_is_none(script: Visitor, sealed: str | None) -> None:
    problem(await script.post("refresh", {"refresh_token": sealed}), 401, "session_expired")


async def test_every_changed_character_breaks_the_seal(script: Visitor) -> None:
    good = (await script.join())["refresh_token"]
    for place in (0, 20, len(good) // 2, len(good) - 2):
        changed = good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
        problem(await script.post("refresh", {"refresh_token": changed}), 401, "session_expired")


async def test_a_browsers_cookie_is_no_session_in_hand(browser: Visitor, script: Visitor) -> None:
    await browser.join()
    stolen = browser.client.cookies[COOKIE]
    problem(await script.post("refresh", {"refresh_token": stolen}), 401, "session_expired")


async def test_a_session_in_hand_is_no_cookie(browser: Visitor, script: Visitor) -> None:
    sealed = (await script.join())["refresh_token"]
    response = await browser.post("refresh", cookie=f"{COOKIE}={sealed}")
    problem(response, 401, "session_expired")
    assert cookie_of(response)["max-age"] == "0"


async def test_a_new_first_key_keeps_the_sessions_of_the_old_one(script: Visitor, settings: Settings) -> None:
    refresh_token = (await script.join())["refresh_token"]
    for keys, status in ((f"{'n' * 43},{KEYS}", 200), ("n" * 43, 401)):
        changed = Settings.model_validate({**settings.model_dump(), "session_keys": keys})
        async with client_of(create(changed, pace=0)) as client:
            response = await client.post("/api/v1/auth/refresh", json={"refresh_token": refresh_token}, headers=BODY)
            assert response.status_code == status


@pytest.mark.parametrize("path", ["login", "refresh", "logout"])
@pytest.mark.parametrize("header", [None, "", "cookie", "BROWSER", "browser, body"])
async def test_a_request_must_say_where_its_session_is(script: Visitor, path: str, header: str | None) -> None:
    script.headers = {} if header is None else {"x-session": header}
    body = {"email": script.email, "password": PASSWORD} if path == "login" else {}
    problem(await script.post(path, body), 400, "session_header_invalid")


@pytest.mark.parametrize("path", ["signup", "confirm", "resend", "login", "refresh", "logout"])
@pytest.mark.parametrize("kind", ["browser", "body"])
async def test_a_foreign_origin_is_refused(script: Visitor, path: str, kind: str) -> None:
    script.headers = {"x-session": kind, "origin": "https://evil.example"}
    problem(await script.post(path), 403, "origin_not_allowed")


@pytest.mark.parametrize(
    "origin", ["http://app.example.com", f"{ORIGIN}:444", f"{ORIGIN}.evil.example", f"{ORIGIN}/", "null", ""]
)
async def test_an_origin_that_is_nearly_ours_is_foreign(browser: Visitor, origin: str) -> None:
    problem(await browser.post("login", origin=origin), 403, "origin_not_allowed")


@pytest.mark.parametrize("path", ["login", "refresh", "logout"])
async def test_a_browser_must_tell_its_origin(browser: Visitor, path: str) -> None:
    browser.headers = {"x-session": "browser"}
    problem(await browser.post(path), 403, "origin_not_allowed")


@pytest.mark.parametrize("path", ["signup", "confirm", "resend", "login", "refresh", "logout"])
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", ""],
)
async def test_what_a_form_can_send_is_refused(browser: Visitor, path: str, content_type: str) -> None:
    response = await browser.client.post(
        f"/auth/{path}", content=b"a=b", headers={**BROWSER, "content-type": content_type}
    )
    problem(response, 415, "unsupported_media_type")


async def test_a_content_type_may_have_parameters(browser: Visitor) -> None:
    response = await browser.client.post(
        "/auth/logout", content=b"{}", headers={**BROWSER, "content-type": "application/json; charset=utf-8"}
    )
    assert response.status_code == 204


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("login", {"email": "a@example.com", "password": "x", "remember": True}, "remember"),
        ("login", {"email": "a@example.com"}, "password"),
        ("refresh", {"token": "x"}, "token"),
        ("logout", {"everywhere": "perhaps"}, "everywhere"),
        ("logout", {"all": True}, "all"),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused(script: Visitor, path: str, body: Any, field: str) -> None:
    errors = problem(await script.post(path, body), 422, "invalid_request")["errors"]
    assert [error["field"] for error in errors] == [field]


@pytest.mark.parametrize("path", ["login", "refresh", "logout", "signup"])
async def test_sessions_are_changed_by_post_only(script: Visitor, path: str) -> None:
    problem(await script.client.get(f"/auth/{path}", headers=BODY), 405, "method_not_allowed")
