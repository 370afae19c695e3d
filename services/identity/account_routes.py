"""Getting an account, and back into it: sign up, confirm the address, have another code sent, reset the password. All
answer alike whoever has an account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from services.identity.attempts import CONFIRM, FORGOT, RESEND, RESET, SIGN_UP, Attempts
from services.identity.audit import Entry
from services.identity.directory import POLICY_SECONDS, Directory
from services.identity.guards import Carrier, OriginCheck, address_of
from services.identity.models import Confirmation, Delivery, Forgotten, Resend, Reset, SignedUp, SignUp
from services.identity.password_policy import PasswordPolicy
from services.identity.pool import UserPool
from services.identity.recovery import Recovery
from services.identity.sessions import PATH, PENDING_COOKIE, Sessions, forget
from services.shared.errors import Problem
from services.shared.openapi import problems

REFUSALS = problems(
    {
        403: "`origin_not_allowed`: a browser asks for another origin's page.",
        415: "The body is not JSON by its content type.",
        429: "`too_many_requests`",
        503: "The user pool cannot be reached.",
    }
)


WRONG_CODE = "`code_mismatch`: the code is wrong, has expired, or nobody waits for one."


def router(
    *,
    pool: UserPool,
    directory: Directory,
    recovery: Recovery,
    sessions: Sessions,
    attempts: Attempts,
    origin_check: OriginCheck,
) -> APIRouter:
    """The routes of whoever is not in their account."""
    routes = APIRouter(prefix=PATH, tags=["auth"], dependencies=[Depends(origin_check)], responses=REFUSALS)

    @routes.post("/signup", status_code=201, response_model=SignedUp, summary="Ask for an account")
    async def sign_up(
        request: Request, response: Response, asked: SignUp, x_session: Annotated[str | None, Header()] = None
    ) -> SignedUp:
        password = asked.password.get_secret_value()
        async with attempts.attempt(SIGN_UP, request, asked.email):
            (await directory.password_policy()).check(password, "password")
            confirmed = await pool.sign_up(asked.email, password, asked.name, address_of(request))
        response.headers["cache-control"] = "no-store"
        if x_session == Carrier.BROWSER:
            sessions.remember_sign_up(response, asked.email)
        return SignedUp(user_confirmed=confirmed, delivery=Delivery(destination=masked(asked.email)))

    @routes.post(
        "/confirm",
        status_code=204,
        responses=problems({400: WRONG_CODE}),
        summary="Confirm the address by the code that was mailed to it",
    )
    async def confirm(request: Request, given: Confirmation) -> Response:
        async with attempts.attempt(CONFIRM, request, given.email):
            await pool.confirm(given.email, given.code, address_of(request))
        response = Response(status_code=204)
        if sessions.has_signed_up(request, given.email):
            forget(response, PENDING_COOKIE)
        return response

    @routes.post("/resend", status_code=204, summary="Have another code mailed, if the address waits for one")
    async def resend(request: Request, asked: Resend) -> Response:
        async with attempts.attempt(RESEND, request, asked.email) as entry:
            with _no_word_about_refusals(entry):
                await pool.resend_code(asked.email, address_of(request))
        return Response(status_code=204)

    @routes.post("/forgot", status_code=204, summary="Have a code mailed that resets the password")
    async def forgot(request: Request, asked: Forgotten) -> Response:
        async with attempts.attempt(FORGOT, request, asked.email) as entry:
            with _no_word_about_refusals(entry):
                await pool.forgot_password(asked.email, address_of(request))
        return Response(status_code=204)

    @routes.post(
        "/reset",
        status_code=204,
        responses=problems({400: WRONG_CODE, 422: "`password_invalid`, or the request is not valid."}),
        summary="Take a new password by the code that was mailed; ends all sessions",
    )
    async def reset(request: Request, given: Reset) -> Response:
        password = given.new_password.get_secret_value()
        async with attempts.attempt(RESET, request, given.email) as entry:
            (await directory.password_policy()).check(password, "new_password")
            await pool.reset_password(given.email, given.code, password, address_of(request))
            entry.user = await recovery.end_all_sessions(given.email)
        return Response(status_code=204)

    @routes.get("/password-policy", response_model=PasswordPolicy, summary="What a password must have")
    async def password_policy(response: Response) -> PasswordPolicy:
        response.headers["cache-control"] = f"public, max-age={POLICY_SECONDS:.0f}"
        return await directory.password_policy()

    return routes


@contextmanager
def _no_word_about_refusals(entry: Entry) -> Iterator[None]:
    """Whether the pool refuses (nobody waits for a code, too many codes) depends on who has an account."""
    try:
        yield
    except Problem as problem:
        if problem.status_code >= 500:
            raise
        entry.outcome = str(problem.code)


def masked(email: str) -> str:
    """The address as Cognito masks it, made here so that it is the same for every address: `a***@e***`."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}***@{domain[:1]}***"
