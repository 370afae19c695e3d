"""What the user pool refuses or fails at, as problems of ours. Nothing it can say becomes a 500.

The names are those of the API's own model; a test raises each of them in each call that can meet it. A call that gives
a name another meaning passes that along (`Meanings`), all others mean what the table says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError, ParamValidationError  # noqa: A004

from services.shared.auth import Code, TokenError
from services.shared.auth.errors import REALM
from services.shared.errors import Problem, not_found, unavailable

log = logging.getLogger(__name__)

CHALLENGE = {"www-authenticate": f'Bearer realm="{REALM}"'}
"""A 401 has to carry one (RFC 9110, 11.6.1)."""

Meanings = Mapping[str, Callable[[str], Problem]]
"""The name of an exception -> the problem for its message."""


class PoolProblem(Problem):
    """A problem that the pool caused; `exception` is the name it gave, such as UserNotFoundException."""

    def __init__(self, exception: str, problem: Problem) -> None:
        super().__init__(
            problem.status_code, problem.code, problem.detail, headers=problem.headers, errors=problem.errors
        )
        self.exception = exception


def invalid_credentials() -> Problem:
    """401 for whatever about email and password is wrong."""
    return Problem(401, "invalid_credentials", "Email or password is incorrect.", headers=CHALLENGE)


def code_mismatch() -> Problem:
    """400 for whatever about a code is wrong: not that code, too old, or nobody waits for one."""
    return Problem(400, "code_mismatch", "The code is wrong or has expired. Ask for a new one.")


def totp_mismatch() -> Problem:
    """400 for a one-time code that is not the app's current one."""
    return Problem(400, "code_mismatch", "That is not the current code. Wait for the next one and try again.")


def sign_in_expired() -> Problem:
    """401 for a further step of a sign-in that came too late, or of one that we did not begin."""
    return Problem(401, "session_expired", "The sign-in took too long. Start again.", headers=CHALLENGE)


def session_over() -> Problem:
    """401 for a session that has ended."""
    return Problem(401, "session_expired", "There is no session, or it has ended. Sign in again.", headers=CHALLENGE)


def password_invalid(*wrong: str, field: str = "password") -> Problem:
    """422 for a password that the policy forbids; `wrong` says why."""
    errors = [{"field": field, "message": message or "does not meet the password policy"} for message in wrong]
    return Problem(422, "password_invalid", "The password does not meet the policy.", errors=errors)


def too_many_requests(retry_after: int = 60) -> Problem:
    """429 with Retry-After in seconds."""
    headers = {"retry-after": str(retry_after)}
    return Problem(429, "too_many_requests", "Too many attempts. Try again later.", headers=headers)


def provider_unavailable(retry_after: int = 5) -> Problem:
    """503: the pool cannot be reached, is too busy, or is not set up as it has to be."""
    detail = "Sign-in is not available right now. Try again shortly."
    return unavailable("identity_provider_unavailable", detail, retry_after=retry_after)


def token_revoked(_message: str) -> Problem:
    """401 for an access token that the pool no longer takes, though its time is not over."""
    return TokenError(Code.TOKEN_REVOKED, "the pool no longer takes it")


def _misconfigured(_message: str) -> Problem:
    return provider_unavailable(retry_after=60)


_DEFAULT: Meanings = {
    "AliasExistsException": lambda _: code_mismatch(),
    "CodeDeliveryFailureException": lambda _: unavailable("code_delivery_failed", "The code could not be sent."),
    "CodeMismatchException": lambda _: code_mismatch(),
    "ConcurrentModificationException": lambda _: provider_unavailable(1),
    "EnableSoftwareTokenMFAException": lambda _: totp_mismatch(),
    "ExpiredCodeException": lambda _: code_mismatch(),
    "ForbiddenException": lambda _: Problem(403, "forbidden", "The request was blocked."),
    "InternalErrorException": lambda _: provider_unavailable(),
    "InvalidParameterException": lambda message: Problem(
        422, "invalid_request", f"The user pool refuses the request: {message}"
    ),
    "InvalidPasswordException": password_invalid,
    "LimitExceededException": lambda _: too_many_requests(),
    "NotAuthorizedException": lambda _: invalid_credentials(),
    "PasswordHistoryPolicyViolationException": lambda _: password_invalid("was used before"),
    "PasswordResetRequiredException": lambda _: Problem(
        403, "password_reset_required", "The password has to be reset before the next sign-in."
    ),
    "RefreshTokenReuseException": lambda _: session_over(),
    "ThrottlingException": lambda _: provider_unavailable(),
    "TooManyFailedAttemptsException": lambda _: too_many_requests(),
    "TooManyRequestsException": lambda _: provider_unavailable(),
    "UnauthorizedException": lambda _: session_over(),
    "UserLambdaValidationException": lambda message: Problem(403, "forbidden", message or "The request was blocked."),
    "UserNotConfirmedException": lambda _: invalid_credentials(),
    "UserNotFoundException": lambda _: invalid_credentials(),
    "UsernameExistsException": lambda _: invalid_credentials(),
} | dict.fromkeys(
    (
        "AccessDeniedException",
        "InvalidEmailRoleAccessPolicyException",
        "InvalidLambdaResponseException",
        "InvalidSmsRoleAccessPolicyException",
        "InvalidSmsRoleTrustRelationshipException",
        "InvalidUserPoolConfigurationException",
        "MFAMethodNotFoundException",
        "OperationNotEnabledException",
        "ResourceNotFoundException",
        "SoftwareTokenMFANotFoundException",
        "UnexpectedLambdaException",
        "UnsupportedOperationException",
        "UnsupportedTokenTypeException",
        "UserPoolTaggingException",
    ),
    _misconfigured,
)


def meaning(problem: Callable[[], Problem], *names: str) -> dict[str, Callable[[str], Problem]]:
    """All these names mean the one problem."""
    return dict.fromkeys(names, lambda _: problem())


OF_CODES = meaning(
    code_mismatch,
    "NotAuthorizedException",
    "UserNotFoundException",
    "UserNotConfirmedException",
    "AliasExistsException",
)
"""To tell these from a wrong code is to tell who has an account."""

OF_CHALLENGES = meaning(
    sign_in_expired,
    "NotAuthorizedException",
    "UserNotFoundException",
    "UserNotConfirmedException",
    "MFAMethodNotFoundException",
    "SoftwareTokenMFANotFoundException",
    "AliasExistsException",
) | meaning(totp_mismatch, "CodeMismatchException", "ExpiredCodeException", "EnableSoftwareTokenMFAException")

OF_SESSIONS = meaning(
    session_over,
    "NotAuthorizedException",
    "UserNotFoundException",
    "UserNotConfirmedException",
    "PasswordResetRequiredException",
    "InvalidParameterException",
    "UnsupportedTokenTypeException",
)

OF_TOKENS: Meanings = dict.fromkeys(
    (
        "NotAuthorizedException",
        "UserNotFoundException",
        "UserNotConfirmedException",
        "PasswordResetRequiredException",
    ),
    token_revoked,
) | meaning(totp_mismatch, "CodeMismatchException", "ExpiredCodeException", "EnableSoftwareTokenMFAException")

OF_ADMINISTRATION: Meanings = {
    "NotAuthorizedException": _misconfigured,
    "UserNotFoundException": lambda _: not_found("There is no such user."),
}


def as_problem(error: ClientError | BotoCoreError, meanings: Meanings) -> PoolProblem:
    """The problem that a client should see."""
    if isinstance(error, ClientError):
        return _refusal(error, meanings)
    name = type(error).__name__
    if isinstance(error, ParamValidationError):
        return PoolProblem(name, Problem(422, "invalid_request", "The user pool cannot take this request."))
    level = logging.WARNING if isinstance(error, HTTPClientError | ConnectionError) else logging.ERROR
    log.log(level, "the user pool cannot be asked", extra={"error": name})
    return PoolProblem(name, provider_unavailable())


def _refusal(error: ClientError, meanings: Meanings) -> PoolProblem:
    details = error.response.get("Error", {})
    name, message = details.get("Code", ""), details.get("Message", "")
    problem = (meanings.get(name) or _DEFAULT.get(name, _misconfigured))(message)
    level = logging.ERROR if problem.status_code >= 500 else logging.INFO
    log.log(level, "the user pool refuses", extra={"operation": error.operation_name, "error": name})
    return PoolProblem(name, problem)
