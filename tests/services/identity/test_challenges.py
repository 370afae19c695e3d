"""The further steps of a sign-in: a new password, a one-time code, setting that up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from botocore.stub import Stubber

from services.identity.app import Parts, assemble
from services.identity.challenges import Challenges, Step
from services.identity.guards import Carrier
from services.identity.pool import Challenge
from services.identity.sealing import Sealer
from services.identity.settings import Settings
from tests.services.identity.conftest import KEYS, PASSWORD, Visitor
from tests.support.applications import client_of, problem
from tests.support.cognito import CognitoServer, UserPool
from tests.support.totp import totp

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEMPORARY = "Temporary-horse-7-battery"
BODY = {"x-session": "body"}
LOGIN = {"email": "ada@example.com", "password": PASSWORD}
POOL_SESSION = "s" * 40


@pytest_asyncio.fixture(loop_scope="module")
async def invited(script: Visitor, pool: UserPool) -> dict[str, Any]:
    """The answer to the first sign-in of somebody whom an administrator made."""
    script.mails.client().admin_create_user(
        UserPoolId=pool.id,
        Username=script.email,
        TemporaryPassword=TEMPORARY,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": script.email}],
    )
    return await script.enter(TEMPORARY)


@pytest_asyncio.fixture(loop_scope="module")
async def enrolled(script: Visitor) -> str:
    """The secret of somebody whose sign-in takes a one-time code."""
    await script.join()
    secret = (await script.call("POST", "/auth/mfa/totp")).json()["secret"]
    assert (await script.call("POST", "/auth/mfa/totp/verify", {"code": totp(secret)})).status_code == 204
    return str(secret)


async def test_an_invited_user_takes_a_new_password_and_is_signed_in(script: Visitor, invited: dict[str, Any]) -> None:
    assert (set(invited), invited["challenge"]) == ({"challenge", "session"}, "NEW_PASSWORD_REQUIRED")
    body = (await script.answer(invited, new_password=PASSWORD)).json()
    assert body["user"]["email"] == script.email
    assert (await script.call("GET", "/users/me")).json() == body["user"]
    assert (await script.login()).status_code == 200
    problem(await script.login(TEMPORARY), 401, "invalid_credentials")


async def test_a_new_password_that_the_policy_forbids_is_refused_and_may_be_another(
    script: Visitor, invited: dict[str, Any]
) -> None:
    refused = problem(await script.answer(invited, new_password="short"), 422, "password_invalid")
    assert {error["field"] for error in refused["errors"]} == {"new_password"}
    assert (await script.answer(invited, new_password=PASSWORD)).status_code == 200


@pytest.mark.parametrize("given", [{}, {"code": "123456"}])
async def test_a_step_without_what_it_asks_for_is_refused_by_name(
    script: Visitor, invited: dict[str, Any], given: dict[str, str]
) -> None:
    refused = problem(await script.answer(invited, **given), 422, "invalid_request")
    assert [error["field"] for error in refused["errors"]] == ["new_password"]


async def test_whoever_enrolled_signs_in_with_a_one_time_code(script: Visitor, enrolled: str) -> None:
    step = await script.enter()
    assert (set(step), step["challenge"]) == ({"challenge", "session"}, "SOFTWARE_TOKEN_MFA")
    problem(await script.answer(step, code=totp(enrolled, steps=9)), 400, "code_mismatch")
    assert (await script.answer(step, code=totp(enrolled))).status_code == 200
    assert (await script.call("GET", "/users/me")).json()["email"] == script.email


async def test_a_one_time_code_is_asked_for_only_after_the_right_password(script: Visitor, enrolled: str) -> None:
    problem(await script.login("Wrong-horse-7-battery"), 401, "invalid_credentials")


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "12345a", "\uff11\uff12\uff13\uff14\uff15\uff16", None, 123456]
)
async def test_a_one_time_code_that_cannot_be_one_is_refused(script: Visitor, enrolled: str, code: Any) -> None:
    step = await script.enter()
    given = {"session": step["session"], "code": code}
    problem(await script.post("challenge", given), 422, "invalid_request")


@pytest.mark.parametrize("sealed", ["x", "A" * 300, "ä"])
async def test_a_step_that_we_did_not_seal_is_none(script: Visitor, sealed: str) -> None:
    problem(await script.post("challenge", {"session": sealed, "code": "123456"}), 401, "session_expired")


async def test_a_step_that_is_too_old_is_over(script: Visitor) -> None:
    """The emulator forgets its sessions never; the seal does."""
    step = Step(Challenge("SOFTWARE_TOKEN_MFA", POOL_SESSION, script.email), script.email)
    for seconds in (0, -1):
        sealed = Challenges(Sealer([KEYS])).seal(step, Carrier.BODY, timedelta(seconds=seconds))
        problem(await script.post("challenge", {"session": sealed, "code": "123456"}), 401, "session_expired")


async def test_a_step_goes_on_only_where_it_began(script: Visitor, browser: Visitor, enrolled: str) -> None:
    step = await script.enter()
    given = {"session": step["session"], "code": totp(enrolled)}
    problem(await browser.post("challenge", given), 401, "session_expired")


async def test_a_browser_gets_its_session_after_the_last_step(browser: Visitor, script: Visitor, enrolled: str) -> None:
    browser.email = script.email
    step = await browser.enter()
    assert "set-cookie" not in (await browser.login()).headers
    response = await browser.answer(step, code=totp(enrolled))
    assert "refresh_token" not in response.json()
    assert (await browser.post("refresh")).status_code == 200


async def test_a_step_is_not_told_what_the_pool_knows(script: Visitor, enrolled: str) -> None:
    sealed = (await script.enter())["session"]
    assert script.email not in sealed
    assert len(sealed) < 4096


# The emulator never asks for these steps.


async def test_whoever_must_enrol_first_is_given_a_secret_and_enrols(
    settings: Settings, script: Visitor, cognito_server: CognitoServer, pool: UserPool
) -> None:
    await script.join()
    tokens = cognito_server.client().initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={
            "USERNAME": script.email,
            "PASSWORD": PASSWORD,
            "SECRET_HASH": pool.secret_hash(script.email),
        },
    )["AuthenticationResult"]
    parts = Parts(settings, pace=0)
    await parts.directory.lifetimes()
    secret_hash = pool.secret_hash("the-sub")
    with Stubber(parts.cognito.client) as stub:
        stub.add_response("initiate_auth", challenge("MFA_SETUP", "1" * 40, USER_ID_FOR_SRP="the-sub"))
        stub.add_response(
            "associate_software_token", {"SecretCode": "ABCDEFGH" * 4, "Session": "2" * 40}, {"Session": "1" * 40}
        )
        stub.add_client_error("verify_software_token", "EnableSoftwareTokenMFAException", "Code mismatch")
        stub.add_response(
            "verify_software_token",
            {"Status": "SUCCESS", "Session": "3" * 40},
            {"Session": "2" * 40, "UserCode": "123456"},
        )
        stub.add_response(
            "respond_to_auth_challenge",
            {"AuthenticationResult": tokens},
            {
                "ClientId": pool.client_id,
                "ChallengeName": "MFA_SETUP",
                "Session": "3" * 40,
                "ChallengeResponses": {"USERNAME": "the-sub", "SECRET_HASH": secret_hash},
                "UserContextData": {"IpAddress": "127.0.0.1"},
            },
        )
        async with client_of(assemble(parts, settings)) as client:
            step = (await client.post("/api/v1/auth/login", json=LOGIN, headers=BODY)).json()
            assert (step["challenge"], step["secret"]) == ("MFA_SETUP", "ABCDEFGH" * 4)
            assert step["otpauth_uri"] == (
                "otpauth://totp/app.example.com:ada@example.com?secret=" + "ABCDEFGH" * 4 + "&issuer=app.example.com"
            )
            given = {"session": step["session"], "code": "123456"}
            answers = [await client.post("/api/v1/auth/challenge", json=given, headers=BODY) for _ in range(2)]
        problem(answers[0], 400, "code_mismatch")
        assert (answers[1].status_code, answers[1].json()["user"]["email"]) == (200, script.email)
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("name", ["SMS_MFA", "SELECT_MFA_TYPE", "CUSTOM_CHALLENGE", "DEVICE_SRP_AUTH"])
async def test_a_step_that_we_do_not_know_is_said_to_be_unsupported(settings: Settings, name: str) -> None:
    parts = Parts(settings, pace=0)
    with Stubber(parts.cognito.client) as stub:
        stub.add_response("initiate_auth", challenge(name, POOL_SESSION))
        async with client_of(assemble(parts, settings)) as client:
            response = await client.post("/api/v1/auth/login", json=LOGIN, headers=BODY)
    assert name in problem(response, 501, "challenge_unsupported")["detail"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ("NotAuthorizedException", 401, "session_expired"),
        ("CodeMismatchException", 400, "code_mismatch"),
        ("ExpiredCodeException", 400, "code_mismatch"),
        ("InvalidPasswordException", 422, "password_invalid"),
        ("PasswordHistoryPolicyViolationException", 422, "password_invalid"),
        ("TooManyRequestsException", 503, "identity_provider_unavailable"),
    ],
)
async def test_what_the_pool_says_to_a_step_is_passed_on(
    settings: Settings, error: str, status: int, code: str
) -> None:
    parts = Parts(settings, pace=0)
    await parts.directory.lifetimes()
    await parts.directory.password_policy()
    with Stubber(parts.cognito.client) as stub:
        stub.add_response("initiate_auth", challenge("NEW_PASSWORD_REQUIRED", POOL_SESSION))
        for _ in range(3):
            stub.add_client_error("respond_to_auth_challenge", error)
        async with client_of(assemble(parts, settings)) as client:
            step = (await client.post("/api/v1/auth/login", json=LOGIN, headers=BODY)).json()
            given = {"session": step["session"], "new_password": PASSWORD}
            response = await client.post("/api/v1/auth/challenge", json=given, headers=BODY)
    problem(response, status, code)


def challenge(name: str, session: str, **parameters: str) -> dict[str, Any]:
    return {"ChallengeName": name, "Session": session, "ChallengeParameters": parameters}
