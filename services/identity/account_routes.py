"""Getting an account: sign up, confirm the address, have another code sent. All answer alike whoever has an account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from services.identity.guards import Carrier, OriginCheck
from services.identity.models import Confirmation, Delivery, Resend, SignedUp, SignUp
from services.identity.pool import UserPool
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


def router(pool: UserPool, sessions: Sessions, origin_check: OriginCheck) -> APIRouter:
    """The routes of accounts to be."""
    routes = APIRouter(prefix=PATH, tags=["auth"], dependencies=[Depends(origin_check)], responses=REFUSALS)

    @routes.post("/signup", status_code=201, response_model=SignedUp, summary="Ask for an account")
    async def sign_up(
        request: Request, response: Response, asked: SignUp, x_session: Annotated[str | None, Header()] = None
    ) -> SignedUp:
        confirmed = await pool.sign_up(asked.email, asked.password.get_secret_value(), asked.name, address_of(request))
        response.headers["cache-control"] = "no-store"
        if x_session == Carrier.BROWSER:
            sessions.remember_sign_up(response, asked.email)
        return SignedUp(user_confirmed=confirmed, delivery=Delivery(destination=masked(asked.email)))

    @routes.post(
        "/confirm",
        status_code=204,
        responses=problems({400: "`code_mismatch`: the code is wrong, has expired, or nobody waits for one."}),
        summary="Confirm the address by the code that was mailed to it",
    )
    async def confirm(request: Request, given: Confirmation) -> Response:
        await pool.confirm(given.email, given.code, address_of(request))
        response = Response(status_code=204)
        if sessions.has_signed_up(request, given.email):
            forget(response, PENDING_COOKIE)
        return response

    @routes.post("/resend", status_code=204, summary="Have another code mailed, if the address waits for one")
    async def resend(request: Request, asked: Resend) -> Response:
        try:
            await pool.resend_code(asked.email, address_of(request))
        except Problem as problem:
            if problem.status_code >= 500:
                raise
            # Whether the pool refuses (confirmed already, too many codes) depends on who has an account.
        return Response(status_code=204)

    return routes


def address_of(request: Request) -> str:
    """The user's own address."""
    return str(request.state.client)


def masked(email: str) -> str:
    """The address as Cognito masks it, made here so that it is the same for every address: `a***@e***`."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}***@{domain[:1]}***"
