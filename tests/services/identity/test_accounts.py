"""Getting an account, without anybody learning who has one."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from tests.services.identity.conftest import PASSWORD, Visitor, new_email
from tests.support.applications import problem
from tests.support.cognito import CognitoServer, UserPool

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_new_user_is_mailed_a_code_and_confirms_with_it(script: Visitor) -> None:
    response = await script.sign_up()
    assert (response.status_code, response.json()) == (
        201,
        {"user_confirmed": False, "delivery": {"medium": "EMAIL", "destination": f"{script.email[0]}***@e***"}},
    )
    assert (await script.confirm()).status_code == 204
    assert (await script.login()).status_code == 200


async def test_signing_up_again_answers_the_same_and_changes_nothing(script: Visitor) -> None:
    first = await script.sign_up()
    assert (await script.confirm()).status_code == 204
    second = await script.sign_up(password="Another-horse-8-battery")
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert set(second.headers) == set(first.headers)
    assert (await script.login()).status_code == 200
    problem(await script.login("Another-horse-8-battery"), 401, "invalid_credentials")


async def test_signing_up_with_a_taken_address_mails_nobody(script: Visitor) -> None:
    await script.join()
    before = len(script.mails.sent_mails(script.email))
    await script.sign_up()
    assert len(script.mails.sent_mails(script.email)) == before


async def test_an_address_is_the_same_in_any_case(script: Visitor) -> None:
    await script.join()
    script.email = script.email.upper()
    assert (await script.login()).status_code == 200


@pytest.mark.parametrize(
    "password", ["short-1A", "no-capitals-1-at-all", "NO-SMALL-LETTERS-1", "No-digits-in-this", "x"]
)
async def test_a_password_that_the_policy_forbids_is_refused_by_its_name(script: Visitor, password: str) -> None:
    body = problem(await script.sign_up(password), 422, "password_invalid")
    assert {error["field"] for error in body["errors"]} == {"password"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "not-an-address"),
        ("email", ""),
        ("email", f"{'x' * 120}@example.com"),
        ("email", f"{' ' * 120}ada@example.com"),
        ("email", "Ada <ada@example.com>"),
        ("email", None),
        ("password", ""),
        ("password", "x" * 257),
        ("password", 12345678),
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 201),
        ("name", " " * 200 + "x"),
        ("name", "nul\0"),
        ("role", "admin"),
        ("groups", ["admin"]),
    ],
)
async def test_a_sign_up_that_makes_no_sense_is_refused_by_the_name_of_the_field(
    script: Visitor, field: str, value: Any
) -> None:
    asked = {"email": script.email, "password": PASSWORD, "name": "Ada"}
    body = problem(await script.post("signup", {**asked, field: value}), 422, "invalid_request")
    assert [error["field"] for error in body["errors"]] == [field]


async def test_a_refusal_never_quotes_the_password(script: Visitor) -> None:
    secret = secrets.token_hex(200)
    for body in (
        {"email": script.email, "password": secret, "name": "Ada"},
        {"email": script.email, "password": [secret], "name": "Ada"},
        {"email": script.email, "password": "short-1A" + secret[:3], "name": "Ada", "also": secret},
    ):
        response = await script.post("signup", body)
        assert response.status_code == 422
        assert secret[:8] not in response.text


async def test_a_wrong_code_is_refused(script: Visitor) -> None:
    await script.sign_up()
    problem(await script.post("confirm", {"email": script.email, "code": "000000"}), 400, "code_mismatch")


async def test_a_code_answers_alike_for_unknown_and_confirmed_users(script: Visitor) -> None:
    await script.join()
    answers = [
        problem(await script.post("confirm", {"email": email, "code": "000000"}), 400, "code_mismatch")
        for email in (script.email, new_email())
    ]
    assert answers[0]["detail"] == answers[1]["detail"]


async def test_a_code_counts_once(script: Visitor) -> None:
    await script.sign_up()
    assert (await script.confirm()).status_code == 204
    problem(await script.confirm(), 400, "code_mismatch")


@pytest.mark.parametrize("code", ["", "   ", "x" * 65, "12 34", " " * 60 + "12345", None, 123456])
async def test_a_code_that_cannot_be_one_is_refused(script: Visitor, code: Any) -> None:
    body = problem(await script.post("confirm", {"email": script.email, "code": code}), 422, "invalid_request")
    assert [error["field"] for error in body["errors"]] == ["code"]


async def test_another_code_is_mailed_on_demand(script: Visitor) -> None:
    await script.sign_up()
    before = len(script.mails.sent_mails(script.email))
    assert (await script.post("resend", {"email": script.email})).status_code == 204
    assert len(script.mails.sent_mails(script.email)) == before + 1
    assert (await script.confirm()).status_code == 204


async def test_asking_for_a_code_answers_alike_for_whoever_has_an_account(script: Visitor) -> None:
    answers = [await script.post("resend", {"email": new_email()})]
    await script.sign_up()
    answers.append(await script.post("resend", {"email": script.email}))
    await script.confirm()
    answers.append(await script.post("resend", {"email": script.email}))
    assert {(answer.status_code, answer.text) for answer in answers} == {(204, "")}


async def test_a_browser_that_signed_up_is_sent_to_confirm(browser: Visitor) -> None:
    await browser.sign_up()
    problem(await browser.login(), 403, "user_not_confirmed")


async def test_once_confirmed_and_signed_in_a_wrong_password_is_just_wrong_again(browser: Visitor) -> None:
    await browser.join()
    problem(await browser.login("Wrong-horse-7-battery"), 401, "invalid_credentials")


async def test_confirming_in_the_same_browser_ends_what_signing_up_began(browser: Visitor) -> None:
    await browser.sign_up()
    await browser.confirm()
    problem(await browser.login("Wrong-horse-7-battery"), 401, "invalid_credentials")


async def test_signing_up_does_not_tell_who_has_an_account(
    browser: Visitor, cognito_server: CognitoServer, pool: UserPool
) -> None:
    """Whoever signs up with an address and then tries to sign in sees the same, free or taken."""
    taken = new_email()
    client = cognito_server.client()
    client.admin_create_user(UserPoolId=pool.id, Username=taken, MessageAction="SUPPRESS")
    client.admin_set_user_password(UserPoolId=pool.id, Username=taken, Password=PASSWORD, Permanent=True)
    seen = []
    for email in (new_email(), taken):
        browser.email = email
        signed_up = await browser.sign_up("Another-horse-8-battery")
        refused = await browser.login("Another-horse-8-battery")
        seen.append(
            (signed_up.status_code, signed_up.json()["user_confirmed"], refused.status_code, refused.json()["code"])
        )
    assert seen[0] == seen[1]


async def test_nobody_else_learns_that_an_address_waits_to_be_confirmed(script: Visitor, browser: Visitor) -> None:
    await script.sign_up()
    problem(await script.login(), 401, "invalid_credentials")
    browser.email = script.email
    problem(await browser.login(), 401, "invalid_credentials")
