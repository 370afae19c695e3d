"""What signed-in users change about how they sign in."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.stub import Stubber

from services.identity.app import Parts
from services.identity.settings import Settings
from services.shared.errors import Problem
from tests.services.identity.conftest import PASSWORD, Visitor
from tests.support.applications import problem
from tests.support.cognito import UserPool
from tests.support.totp import totp

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEW = "Another-horse-8-battery"


async def test_a_password_is_changed_by_the_one_that_counts(script: Visitor) -> None:
    await script.join()
    given = {"current_password": PASSWORD, "new_password": NEW}
    assert (await script.call("POST", "/auth/password", given)).status_code == 204
    assert (await script.login(NEW)).status_code == 200
    problem(await script.login(), 401, "invalid_credentials")


async def test_a_wrong_current_password_changes_nothing(script: Visitor) -> None:
    await script.join()
    given = {"current_password": "Wrong-horse-7-battery", "new_password": NEW}
    problem(await script.call("POST", "/auth/password", given), 400, "password_wrong")
    assert (await script.login()).status_code == 200


async def test_a_new_password_that_the_policy_forbids_is_refused_by_name(script: Visitor) -> None:
    await script.join()
    given = {"current_password": PASSWORD, "new_password": "x"}
    body = problem(await script.call("POST", "/auth/password", given), 422, "password_invalid")
    assert {error["field"] for error in body["errors"]} == {"new_password"}


async def test_a_token_that_the_pool_no_longer_takes_is_no_wrong_password(script: Visitor, settings: Settings) -> None:
    parts = Parts(settings, pace=0)
    with Stubber(parts.cognito.client) as stub:
        for operation in ("change_password", "get_user"):
            stub.add_client_error(operation, "NotAuthorizedException", "Access Token has been revoked")
        with pytest.raises(Problem) as caught:
            await parts.account.change_password("a-token", PASSWORD, NEW)
    assert (caught.value.status_code, caught.value.code) == (401, "token_revoked")


async def test_one_time_codes_are_enrolled_and_removed(script: Visitor) -> None:
    await script.join()
    assert (await script.call("GET", "/auth/mfa")).json() == {"totp": False}
    response = await script.call("POST", "/auth/mfa/totp")
    secret, address = response.json()["secret"], urlsplit(response.json()["otpauth_uri"])
    assert response.headers["cache-control"] == "no-store"
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", f"/app.example.com:{script.email}")
    assert parse_qs(address.query) == {"secret": [secret], "issuer": ["app.example.com"]}
    problem(await script.call("POST", "/auth/mfa/totp/verify", {"code": totp(secret, steps=9)}), 400, "code_mismatch")
    assert (await script.call("POST", "/auth/mfa/totp/verify", {"code": totp(secret)})).status_code == 204
    assert (await script.call("GET", "/auth/mfa")).json() == {"totp": True}
    assert (await script.call("DELETE", "/auth/mfa/totp")).status_code == 204
    assert (await script.call("GET", "/auth/mfa")).json() == {"totp": False}
    assert "access_token" in await script.enter()


async def test_a_code_without_a_secret_enrols_nothing(script: Visitor) -> None:
    await script.join()
    problem(await script.call("POST", "/auth/mfa/totp/verify", {"code": "123456"}), 400, "code_mismatch")
    assert (await script.call("GET", "/auth/mfa")).json() == {"totp": False}


CLOSED = [
    ("POST", "/auth/password"),
    ("GET", "/auth/mfa"),
    ("POST", "/auth/mfa/totp"),
    ("POST", "/auth/mfa/totp/verify"),
    ("DELETE", "/auth/mfa/totp"),
]


@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_nothing_is_changed_without_a_token(script: Visitor, method: str, path: str) -> None:
    problem(await script.client.request(method, path), 401, "token_missing")


async def test_a_user_whom_the_pool_has_disabled_changes_nothing(script: Visitor, pool: UserPool) -> None:
    await script.join()
    script.mails.client().admin_disable_user(UserPoolId=pool.id, Username=script.email)
    given = {"current_password": PASSWORD, "new_password": NEW}
    for method, path, body in (("GET", "/auth/mfa", None), ("POST", "/auth/password", given)):
        response = await script.call(method, path, body)
        problem(response, 401, "token_revoked")
        assert 'error="invalid_token"' in response.headers["www-authenticate"]
