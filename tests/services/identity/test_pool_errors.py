"""The pool's errors that an emulator cannot be made to give."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, NoCredentialsError, ReadTimeoutError

from services.identity.pool_errors import as_problem
from services.shared.errors import Problem


def refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "InitiateAuth")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (refusal("TooManyRequestsException"), 429, "too_many_requests"),
        (refusal("LimitExceededException"), 429, "too_many_requests"),
        (refusal("TooManyFailedAttemptsException"), 429, "too_many_requests"),
        (refusal("ThrottlingException"), 429, "too_many_requests"),
        (refusal("InternalErrorException", status=500), 503, "identity_provider_unavailable"),
        (refusal("Whatever", status=502), 503, "identity_provider_unavailable"),
        (refusal("CodeDeliveryFailureException"), 503, "code_delivery_failed"),
        (refusal("PasswordResetRequiredException"), 403, "password_reset_required"),
        (refusal("ForbiddenException"), 403, "forbidden"),
        (refusal("RefreshTokenReuseException"), 401, "invalid_credentials"),
        (refusal("NotAuthorizedException", "User is disabled."), 401, "invalid_credentials"),
        (refusal("NotAuthorizedException", "Password attempts exceeded"), 401, "invalid_credentials"),
        (ConnectTimeoutError(endpoint_url="x"), 503, "identity_provider_unavailable"),
        (ReadTimeoutError(endpoint_url="x"), 503, "identity_provider_unavailable"),
    ],
)
def test_a_refusal_or_failure_of_the_pool_becomes_a_problem(error: ClientError, status: int, code: str) -> None:
    problem = as_problem(error)
    assert isinstance(problem, Problem)
    assert (problem.status_code, problem.code) == (status, code)


def test_who_is_asked_to_wait_is_told_how_long() -> None:
    for error in (refusal("TooManyRequestsException"), refusal("InternalErrorException")):
        problem = as_problem(error)
        assert isinstance(problem, Problem)
        assert problem.headers is not None
        assert int(problem.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "error", [refusal("ResourceNotFoundException"), refusal("AccessDeniedException"), NoCredentialsError()]
)
def test_what_is_our_own_fault_stays_an_error(error: ClientError) -> None:
    assert as_problem(error) is error
