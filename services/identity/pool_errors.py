"""What the user pool refuses or fails at, as problems of ours."""

from __future__ import annotations

import logging
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004

from services.shared.auth.errors import REALM
from services.shared.errors import Problem, unavailable

log = logging.getLogger(__name__)

CHALLENGE = {"www-authenticate": f'Bearer realm="{REALM}"'}
"""A 401 has to carry one (RFC 9110, 11.6.1)."""


def invalid_credentials() -> Problem:
    """401 for whatever about email and password is wrong."""
    return Problem(401, "invalid_credentials", "Email or password is incorrect.", headers=CHALLENGE)


def code_mismatch() -> Problem:
    """400 for whatever about a code is wrong: not that code, too old, or nobody waits for one."""
    return Problem(400, "code_mismatch", "The code is wrong or has expired. Ask for a new one.")


def _password_invalid(message: str) -> Problem:
    wrong = {"field": "password", "message": message or "does not meet the password policy"}
    return Problem(422, "password_invalid", "The password does not meet the policy.", errors=[wrong])


def _invalid(message: str) -> Problem:
    return Problem(422, "invalid_request", f"The user pool refuses the request: {message}")


def _too_many(_message: str) -> Problem:
    return Problem(429, "too_many_requests", "Too many attempts. Try again later.", headers={"retry-after": "60"})


def _unavailable(_message: str) -> Problem:
    return unavailable("identity_provider_unavailable", "Sign-in is not available right now. Try again shortly.")


_PROBLEMS: dict[str, Callable[[str], Problem]] = {
    "NotAuthorizedException": lambda _: invalid_credentials(),
    "UserNotFoundException": lambda _: invalid_credentials(),
    "UserNotConfirmedException": lambda _: invalid_credentials(),
    "UnauthorizedException": lambda _: invalid_credentials(),
    "RefreshTokenReuseException": lambda _: invalid_credentials(),
    "PasswordResetRequiredException": lambda _: Problem(
        403, "password_reset_required", "The password has to be reset before the next sign-in."
    ),
    "CodeMismatchException": lambda _: code_mismatch(),
    "ExpiredCodeException": lambda _: code_mismatch(),
    "CodeDeliveryFailureException": lambda _: unavailable("code_delivery_failed", "The code could not be sent."),
    "InvalidPasswordException": _password_invalid,
    "InvalidParameterException": _invalid,
    "UserLambdaValidationException": lambda message: Problem(403, "forbidden", message),
    "ForbiddenException": lambda _: Problem(403, "forbidden", "The request was blocked."),
    "TooManyRequestsException": _too_many,
    "TooManyFailedAttemptsException": _too_many,
    "LimitExceededException": _too_many,
    "ThrottlingException": _too_many,
    "InternalErrorException": _unavailable,
}


def error_code(error: ClientError) -> str:
    """The name of the pool's error, such as UserNotFoundException."""
    return error.response.get("Error", {}).get("Code", "")


def as_problem(error: ClientError | BotoCoreError) -> Exception:
    """The problem that a client should see; the error itself when it is nobody's fault but ours (answered 500)."""
    if isinstance(error, BotoCoreError):
        return _unavailable("") if isinstance(error, HTTPClientError | ConnectionError) else error
    details = error.response.get("Error", {})
    log.info("the user pool refuses", extra={"operation": error.operation_name, "error": details.get("Code", "")})
    make = _PROBLEMS.get(details.get("Code", ""))
    if make is not None:
        return make(details.get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return _unavailable("") if status >= 500 else error
