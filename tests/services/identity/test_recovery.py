"""Back into one's account by a mailed code, without anybody learning who has one."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import Stubber

from services.identity.app import Parts, assemble
from services.identity.settings import Settings
from tests.services.identity.conftest import BODY, PASSWORD, Visitor, new_email
from tests.support.applications import client_of, problem
from tests.support.cognito import UserPool

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEW = "Another-horse-8-battery"


async def forget_and_reset(visitor: Visitor, password: str = NEW, code: str = "") -> Any:
    assert (await visitor.post("forgot", {"email": visitor.email})).status_code == 204
    code = code or visitor.mails.sent_codes(visitor.email)[-1]
    return await visitor.post("reset", {"email": visitor.email, "code": code, "new_password": password})


async def test_a_mailed_code_gives_a_new_password(script: Visitor) -> None:
    await script.join()
    assert (await forget_and_reset(script)).status_code == 204
    assert (await script.login(NEW)).status_code == 200
    problem(await script.login(), 401, "invalid_credentials")


async def test_a_reset_ends_the_sessions_of_whoever_else_is_in_the_account(script: Visitor) -> None:
    session = (await script.join())["refresh_token"]
    await forget_and_reset(script)
    problem(await script.post("refresh", {"refresh_token": session}), 401, "session_expired")


async def test_asking_answers_alike_for_known_unknown_and_unconfirmed_addresses(script: Visitor) -> None:
    answers = [await script.post("forgot", {"email": new_email()})]
    await script.sign_up()
    answers.append(await script.post("forgot", {"email": script.email}))
    await script.confirm()
    answers.append(await script.post("forgot", {"email": script.email}))
    assert {(answer.status_code, answer.text) for answer in answers} == {(204, "")}
    assert len({frozenset(answer.headers) for answer in answers}) == 1


@pytest.mark.parametrize(
    "error",
    ["InvalidParameterException", "UserNotFoundException", "LimitExceededException", "NotAuthorizedException"],
)
async def test_what_the_pool_refuses_about_one_address_is_not_told(settings: Settings, error: str) -> None:
    parts = Parts(settings, pace=0)
    with Stubber(parts.cognito.client) as stub:
        async with client_of(assemble(parts, settings)) as client:
            for path, operation in (("forgot", "forgot_password"), ("resend", "resend_confirmation_code")):
                stub.add_client_error(operation, error, "No verified email for this user")
                response = await client.post(f"/api/v1/auth/{path}", json={"email": new_email()}, headers=BODY)
                assert (response.status_code, response.text) == (204, "")


async def test_a_code_answers_alike_for_whoever_has_none_and_whoever_has_no_account(script: Visitor) -> None:
    await script.join()
    answers = []
    for email in (script.email, new_email()):
        given = {"email": email, "code": "000000", "new_password": NEW}
        answers.append(problem(await script.post("reset", given), 400, "code_mismatch")["detail"])
    problem(await forget_and_reset(script, code="000000"), 400, "code_mismatch")
    assert answers[0] == answers[1]
    assert (await script.login()).status_code == 200


async def test_a_code_counts_once(script: Visitor) -> None:
    await script.join()
    await forget_and_reset(script)
    code = script.mails.sent_codes(script.email)[-1]
    given = {"email": script.email, "code": code, "new_password": PASSWORD}
    problem(await script.post("reset", given), 400, "code_mismatch")


@pytest.mark.parametrize("known", [True, False])
async def test_a_forbidden_password_is_refused_alike_whoever_has_an_account(script: Visitor, known: bool) -> None:
    if known:
        await script.join()
    reset = await script.post("reset", {"email": script.email, "code": "000000", "new_password": "short"})
    signup = await script.sign_up("short")
    for response, field in ((reset, "new_password"), (signup, "password")):
        body = problem(response, 422, "password_invalid")
        assert [(error["field"], error["message"]) for error in body["errors"]] == [
            (field, "must have at least 12 characters"),
            (field, "must have an upper case letter"),
            (field, "must have a digit"),
            (field, "must have a symbol, such as - or !"),
        ]


async def test_the_policy_is_there_for_every_form(script: Visitor) -> None:
    response = await script.client.get("/auth/password-policy")
    assert response.json() == {
        "minimum_length": 12,
        "require_lowercase": True,
        "require_uppercase": True,
        "require_numbers": True,
        "require_symbols": True,
    }
    assert response.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize("password", [" Leading-horse-7-battery", "Trailing-horse-7-battery "])
async def test_a_blank_at_either_end_of_a_password_is_refused(script: Visitor, password: str) -> None:
    """The pool would refuse it too, in other words (the API's pattern)."""
    errors = problem(await script.sign_up(password), 422, "password_invalid")["errors"]
    assert [error["message"] for error in errors] == ["must not begin or end with a blank"]


async def test_a_policy_that_was_known_goes_on_while_the_pool_is_away(settings: Settings, pool: UserPool) -> None:
    parts = Parts(settings, pace=0)
    known = await parts.directory.password_policy()
    parts.directory._policy_until = 0.0
    with Stubber(parts.cognito.client) as stub:
        for _ in range(3):
            stub.add_client_error("describe_user_pool", "InternalErrorException", http_status_code=500)
        assert await parts.directory.password_policy() == known
