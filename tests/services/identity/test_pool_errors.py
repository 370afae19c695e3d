"""Every error that the API's model knows, in every call that can meet it: a problem, and never a 500."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.stub import Stubber

from services.identity import app
from services.identity.app import Parts
from services.identity.cognito import ATTEMPTS
from services.identity.pool import Challenge
from services.identity.pool_errors import as_problem
from services.identity.settings import Settings
from services.shared.errors import Problem
from services.shared.settings import load_or_exit
from tests.services.identity.conftest import KEYS, ORIGIN

MODEL = botocore.session.get_session().get_service_model("cognito-idp")
ACCESS, ADDRESS, EMAIL, SUB = "an-access-token", "203.0.113.7", "ada@example.com", "the-sub"
STEP = Challenge("SOFTWARE_TOKEN_MFA", "s" * 40, SUB)

Call = Callable[[Parts], Awaitable[object]]

CALLS: dict[str, list[Call]] = {
    "SignUp": [lambda parts: parts.pool.sign_up(EMAIL, "password", "Ada", ADDRESS)],
    "ConfirmSignUp": [lambda parts: parts.pool.confirm(EMAIL, "123456", ADDRESS)],
    "ResendConfirmationCode": [lambda parts: parts.pool.resend_code(EMAIL, ADDRESS)],
    "ForgotPassword": [lambda parts: parts.pool.forgot_password(EMAIL, ADDRESS)],
    "ConfirmForgotPassword": [lambda parts: parts.pool.reset_password(EMAIL, "123456", "password", ADDRESS)],
    "InitiateAuth": [lambda parts: parts.pool.sign_in(EMAIL, "password", ADDRESS)],
    "RespondToAuthChallenge": [lambda parts: parts.pool.respond(STEP, {}, ADDRESS)],
    "GetTokensFromRefreshToken": [lambda parts: parts.pool.refresh("a-refresh-token")],
    "RevokeToken": [lambda parts: parts.pool.revoke("a-refresh-token")],
    "GlobalSignOut": [lambda parts: parts.pool.sign_out_everywhere(ACCESS)],
    "AssociateSoftwareToken": [
        lambda parts: parts.pool.new_totp_secret("s" * 40),
        lambda parts: parts.account.new_totp_secret(ACCESS),
    ],
    "VerifySoftwareToken": [
        lambda parts: parts.pool.prove_totp("s" * 40, "123456"),
        lambda parts: parts.account.enable_totp(ACCESS, "123456"),
    ],
    "ChangePassword": [lambda parts: parts.account.change_password(ACCESS, "password", "another")],
    "UpdateUserAttributes": [lambda parts: parts.account.rename(ACCESS, "Ada")],
    "DeleteUser": [lambda parts: parts.account.delete(ACCESS)],
    "GetUser": [lambda parts: parts.account.has_totp(ACCESS)],
    "SetUserMFAPreference": [lambda parts: parts.account.disable_totp(ACCESS)],
    "AdminGetUser": [lambda parts: parts.directory.profile(SUB)],
    "AdminListGroupsForUser": [lambda parts: parts.directory.groups(SUB)],
    "AdminDisableUser": [lambda parts: parts.directory.disable(SUB)],
    "AdminEnableUser": [lambda parts: parts.directory.enable(SUB)],
    "AdminUserGlobalSignOut": [lambda parts: parts.directory.sign_out_everywhere(SUB)],
    "AdminAddUserToGroup": [lambda parts: parts.directory.add_to_group(SUB, "admin")],
    "AdminRemoveUserFromGroup": [lambda parts: parts.directory.remove_from_group(SUB, "admin")],
    "DescribeUserPoolClient": [lambda parts: parts.directory.lifetimes()],
    "DescribeUserPool": [lambda parts: parts.directory.password_policy()],
}
"""Each operation, and whatever of ours calls it first."""

NO_PROBLEM: dict[tuple[str, str], object] = {
    ("SignUp", "UsernameExistsException"): False,
    ("AdminGetUser", "UserNotFoundException"): None,
    ("AdminListGroupsForUser", "UserNotFoundException"): [],
}
"""Errors that are an answer."""

CASES = [
    (operation, number, error)
    for operation, calls in CALLS.items()
    for number in range(len(calls))
    for error in sorted({shape.name for shape in MODEL.operation_model(operation).error_shapes})
    if (operation, error) != ("ChangePassword", "NotAuthorizedException")  # two things: see test_credentials.py
]


@pytest.fixture(scope="module")
def parts() -> Iterator[Parts]:
    variables = {
        "ENVIRONMENT": "local",
        "LOG_LEVEL": "info",
        "AWS_REGION": "eu-central-1",
        "COGNITO_USER_POOL_ID": "eu-central-1_Test",
        "COGNITO_CLIENT_ID": "test-client",
        "COGNITO_CLIENT_SECRET": "secret" * 8,
        "COGNITO_ISSUER": "https://issuer.example",
        "COGNITO_JWKS_URL": "https://issuer.example/jwks.json",
        "SESSION_KEYS": KEYS,
        "PUBLIC_ORIGIN": ORIGIN,
        "DATA_URL": "http://127.0.0.1:9",
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": "9",
        "DATABASE_NAME": "sri",
        "DATABASE_USER": "identity",
        "DATABASE_PASSWORD": "secret",
        "DATABASE_TLS": "disable",
        "DATABASE_POOL_SIZE": "2",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    with pytest.MonkeyPatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(name, value)
        environment.setattr("services.identity.cognito.FIRST_PAUSE", 0.0)
        yield Parts(load_or_exit(Settings))


async def outcome(parts: Parts, call: Call, operation: str, error: str) -> object:
    """What the call comes to when every attempt at the operation ends in this error."""
    with Stubber(parts.cognito.client) as stub:
        for _ in range(2 * ATTEMPTS):
            stub.add_client_error(xform_name(operation), error, "Why", http_status_code=_status(error))
        try:
            return await call(parts)
        except Problem as problem:
            return problem


def _status(error: str) -> int:
    return int(MODEL.shape_for(error).metadata.get("error", {}).get("httpStatusCode", 400))


@pytest.mark.parametrize(("operation", "number", "error"), CASES)
async def test_every_error_of_every_call_is_a_problem(parts: Parts, operation: str, number: int, error: str) -> None:
    found = await outcome(parts, CALLS[operation][number], operation, error)
    if (operation, error) in NO_PROBLEM:
        assert found == NO_PROBLEM[operation, error]
        return
    assert isinstance(found, Problem)
    assert 400 <= found.status_code < 504
    assert found.status_code != 500
    assert found.code != "internal_error"
    assert found.detail.endswith((".", "Why"))
    headers = found.headers or {}
    assert ("retry-after" in headers) is (found.status_code in (429, 503))
    assert ("www-authenticate" in headers) is (found.status_code == 401)


def test_no_call_of_the_pool_is_left_out() -> None:
    code = "\n".join(path.read_text() for path in Path(app.__file__).parent.glob("*.py"))
    known = {xform_name(name): name for name in MODEL.operation_names}
    called = {known[name] for name in re.findall(r"client\.(\w+)\(", code) if name in known}
    assert called == set(CALLS)


@pytest.mark.parametrize(
    ("operation", "error", "status", "code"),
    [
        ("InitiateAuth", "NotAuthorizedException", 401, "invalid_credentials"),
        ("InitiateAuth", "UserNotFoundException", 401, "invalid_credentials"),
        ("InitiateAuth", "UserNotConfirmedException", 401, "invalid_credentials"),
        ("InitiateAuth", "PasswordResetRequiredException", 403, "password_reset_required"),
        ("InitiateAuth", "ForbiddenException", 403, "forbidden"),
        ("InitiateAuth", "TooManyRequestsException", 503, "identity_provider_unavailable"),
        ("InitiateAuth", "InternalErrorException", 503, "identity_provider_unavailable"),
        ("InitiateAuth", "ResourceNotFoundException", 503, "identity_provider_unavailable"),
        ("SignUp", "InvalidPasswordException", 422, "password_invalid"),
        ("SignUp", "InvalidParameterException", 422, "invalid_request"),
        ("SignUp", "CodeDeliveryFailureException", 503, "code_delivery_failed"),
        ("SignUp", "LimitExceededException", 429, "too_many_requests"),
        ("ConfirmSignUp", "NotAuthorizedException", 400, "code_mismatch"),
        ("ConfirmSignUp", "ExpiredCodeException", 400, "code_mismatch"),
        ("ConfirmSignUp", "TooManyFailedAttemptsException", 429, "too_many_requests"),
        ("ConfirmForgotPassword", "UserNotFoundException", 400, "code_mismatch"),
        ("GetTokensFromRefreshToken", "NotAuthorizedException", 401, "session_expired"),
        ("GetTokensFromRefreshToken", "RefreshTokenReuseException", 401, "session_expired"),
        ("RevokeToken", "UnauthorizedException", 401, "session_expired"),
        ("RevokeToken", "UnsupportedTokenTypeException", 401, "session_expired"),
        ("GetUser", "NotAuthorizedException", 401, "token_revoked"),
        ("ChangePassword", "LimitExceededException", 429, "too_many_requests"),
        ("AdminDisableUser", "UserNotFoundException", 404, "not_found"),
        ("AdminAddUserToGroup", "ResourceNotFoundException", 404, "not_found"),
        ("AdminDisableUser", "NotAuthorizedException", 503, "identity_provider_unavailable"),
        ("DescribeUserPool", "AccessDeniedException", 503, "identity_provider_unavailable"),
        ("DescribeUserPool", "SomethingNewException", 503, "identity_provider_unavailable"),
    ],
)
async def test_an_error_means_one_thing(parts: Parts, operation: str, error: str, status: int, code: str) -> None:
    with Stubber(parts.cognito.client) as stub:
        for _ in range(ATTEMPTS):
            stub.add_client_error(xform_name(operation), error, http_status_code=status)
        with pytest.raises(Problem) as caught:
            await CALLS[operation][0](parts)
    assert (caught.value.status_code, caught.value.code) == (status, code)


@pytest.mark.parametrize(
    ("error", "repeats_everything"),
    [("TooManyRequestsException", True), ("InternalErrorException", False), ("InvalidParameterException", None)],
)
async def test_a_call_is_repeated_only_where_that_is_safe(
    parts: Parts, error: str, repeats_everything: bool | None
) -> None:
    """A throttled call has had no effect; one that broke down may have had, so a second code is not mailed."""
    repeated = {"AdminEnableUser": repeats_everything is not None, "ForgotPassword": bool(repeats_everything)}
    for operation, expected in repeated.items():
        with Stubber(parts.cognito.client) as stub:
            stub.add_client_error(xform_name(operation), error, http_status_code=_status(error))
            if expected:
                stub.add_response(xform_name(operation), {})
                await CALLS[operation][0](parts)
            else:
                with pytest.raises(Problem):
                    await CALLS[operation][0](parts)
            stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ConnectTimeoutError(endpoint_url="x"), 503, "identity_provider_unavailable"),
        (ReadTimeoutError(endpoint_url="x"), 503, "identity_provider_unavailable"),
        (EndpointConnectionError(endpoint_url="x"), 503, "identity_provider_unavailable"),
        (NoCredentialsError(), 503, "identity_provider_unavailable"),
        (ParamValidationError(report="x"), 422, "invalid_request"),
    ],
)
def test_a_call_that_cannot_be_made_is_a_problem_too(error: ClientError, status: int, code: str) -> None:
    problem = as_problem(error, {})
    assert (problem.status_code, problem.code) == (status, code)
