"""Signing in, staying signed in, signing out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from services.identity.account_routes import REFUSALS, address_of
from services.identity.guards import Carrier, OriginCheck, carrier
from services.identity.models import Access, Credentials, FurtherStep, SealedSession, SignedIn, SignOut
from services.identity.pool import Challenge, Profile, Tokens, UserPool
from services.identity.sessions import PATH, PENDING_COOKIE, SESSION_COOKIE, Sessions, forget, session_expired
from services.identity.users import Users
from services.shared.auth import Principal
from services.shared.errors import Problem
from services.shared.openapi import problems

CarriedBy = Annotated[Carrier, Depends(carrier)]

ALREADY_OVER = (401, 422)
"""How the pool answers for a refresh token that it no longer knows."""

BAD_HEADER = "`session_header_invalid`: X-Session says neither `browser` nor `body`."
EXPIRED = "`session_expired`: there is no session, or no longer."


@dataclass(frozen=True)
class SignIn:
    """What it takes to sign somebody in."""

    pool: UserPool
    users: Users
    sessions: Sessions
    verify_id_token: Callable[[str], Awaitable[Principal]]

    async def with_password(self, request: Request, given: Credentials, carrier: Carrier) -> Response:
        """The answer to email and password."""
        try:
            outcome = await self.pool.sign_in(given.email, given.password.get_secret_value(), address_of(request))
        except Problem as problem:
            if problem.code == "invalid_credentials" and self.sessions.has_signed_up(request, given.email):
                raise _not_confirmed() from problem
            raise
        if isinstance(outcome, Challenge):
            return _json(FurtherStep(challenge=outcome.name, session=outcome.session))
        return await self._signed_in(outcome, carrier)

    async def _signed_in(self, tokens: Tokens, carrier: Carrier) -> Response:
        principal = await self.verify_id_token(tokens.id_token)
        claims = principal.claims
        profile = Profile(principal.sub, str(claims.get("email", "")), str(claims.get("name", "")))
        user = await self.users.keep(profile, sorted(principal.groups))
        body = SignedIn(access_token=tokens.access_token, expires_in=tokens.expires_in, user=user)
        return await self.answer(body, tokens, carrier)

    async def answer(self, body: Access, tokens: Tokens, carrier: Carrier) -> Response:
        """The body, with the refresh token, if there is a new one, where this client keeps it."""
        if not tokens.refresh_token:
            return _json(body)
        if carrier is Carrier.BODY:
            sealed = self.sessions.seal(tokens.refresh_token, carrier)
            return _json(body.model_copy(update={"refresh_token": sealed}))
        response = _json(body)
        self.sessions.set_cookie(response, tokens.refresh_token, await self.pool.session_lifetime())
        forget(response, PENDING_COOKIE)
        return response


def router(sign_in: SignIn, origin_check: OriginCheck) -> APIRouter:
    """The routes of sessions."""
    routes = APIRouter(prefix=PATH, tags=["auth"], dependencies=[Depends(origin_check)], responses=REFUSALS)
    pool, sessions = sign_in.pool, sign_in.sessions

    @routes.post(
        "/login",
        response_model=SignedIn | FurtherStep,
        responses=problems(
            {
                400: BAD_HEADER,
                401: "`invalid_credentials`: email or password is wrong.",
                403: "`user_not_confirmed` (only in the browser that signed up with this address), "
                "`password_reset_required` or `origin_not_allowed`.",
            }
        ),
        summary="Sign in with email and password",
    )
    async def login(request: Request, given: Credentials, carried_by: CarriedBy) -> Response:
        return await sign_in.with_password(request, given, carried_by)

    @routes.post(
        "/refresh",
        response_model=Access,
        responses=problems({400: BAD_HEADER, 401: EXPIRED}),
        summary="A new access token for the session",
    )
    async def refresh(request: Request, carried_by: CarriedBy, given: SealedSession | None = None) -> Response:
        refresh_token = sessions.open(request, carried_by, given.refresh_token if given else None)
        tokens = await _refreshed(pool, refresh_token)
        return await sign_in.answer(
            Access(access_token=tokens.access_token, expires_in=tokens.expires_in), tokens, carried_by
        )

    @routes.post(
        "/logout",
        status_code=204,
        responses=problems({400: BAD_HEADER}),
        summary="End this session, or every session of its user",
    )
    async def logout(request: Request, carried_by: CarriedBy, given: SignOut | None = None) -> Response:
        asked = given or SignOut()
        try:
            refresh_token = sessions.open(request, carried_by, asked.refresh_token)
            if asked.everywhere:
                await pool.sign_out_everywhere((await _refreshed(pool, refresh_token)).access_token)
            await pool.revoke(refresh_token)
        except Problem as problem:
            if problem.status_code not in ALREADY_OVER:
                raise  # it goes on, and the client must not believe otherwise
        response = Response(status_code=204)
        forget(response, SESSION_COOKIE)
        return response

    return routes


async def _refreshed(pool: UserPool, refresh_token: str) -> Tokens:
    try:
        return await pool.refresh(refresh_token)
    except Problem as problem:
        if problem.code == "invalid_credentials":
            raise session_expired() from problem
        raise


def _not_confirmed() -> Problem:
    return Problem(403, "user_not_confirmed", "The address is not confirmed yet: enter the code that was mailed to it.")


def _json(body: BaseModel) -> Response:
    return JSONResponse(body.model_dump(mode="json", exclude_none=True), headers={"cache-control": "no-store"})
