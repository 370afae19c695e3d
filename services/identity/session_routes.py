"""Signing in, staying signed in, signing out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.identity.account_routes import REFUSALS
from services.identity.guards import Carrier, OriginCheck, carrier
from services.identity.models import (
    Access,
    ChallengeAnswer,
    Credentials,
    FurtherStep,
    SealedSession,
    SignedIn,
    SignOut,
)
from services.identity.pool import Tokens
from services.identity.revocations import RevocationList
from services.identity.sessions import PATH, SESSION_COOKIE, Session, forget, session_expired
from services.identity.sign_in import SignIn
from services.shared.errors import Problem
from services.shared.openapi import problems

CarriedBy = Annotated[Carrier, Depends(carrier)]

EXPIRED_CODE = "session_expired"
BAD_HEADER = "`session_header_invalid`: X-Session says neither `browser` nor `body`."
EXPIRED = "`session_expired`: there is no session, or no longer."


def router(sign_in: SignIn, revocations: RevocationList, origin_check: OriginCheck) -> APIRouter:
    """The routes of sessions."""
    routes = APIRouter(prefix=PATH, tags=["auth"], dependencies=[Depends(origin_check)], responses=REFUSALS)
    ending, audit = _Ending(sign_in, revocations), sign_in.attempts.audit

    @routes.post(
        "/login",
        response_model=SignedIn | FurtherStep,
        responses=problems(
            {
                400: BAD_HEADER,
                401: "`invalid_credentials`: email or password is wrong.",
                403: "`user_not_confirmed` (only in the browser that signed up with this address), "
                "`password_reset_required` or `origin_not_allowed`.",
                501: "`challenge_unsupported`: the pool asks for a step that this service does not know.",
            }
        ),
        summary="Sign in with email and password",
    )
    async def login(request: Request, given: Credentials, carried_by: CarriedBy) -> Response:
        return await sign_in.with_password(request, given, carried_by)

    @routes.post(
        "/challenge",
        response_model=SignedIn | FurtherStep,
        responses=problems(
            {
                400: f"`code_mismatch`, or {BAD_HEADER}",
                401: "`session_expired`: the sign-in took too long; start again.",
                422: "`password_invalid`, or the request is not valid.",
                501: "`challenge_unsupported`: the pool asks for a step that this service does not know.",
            }
        ),
        summary="Take the further step that signing in asked for",
    )
    async def challenge(request: Request, given: ChallengeAnswer, carried_by: CarriedBy) -> Response:
        return await sign_in.with_answer(request, given, carried_by)

    @routes.post(
        "/refresh",
        response_model=Access,
        responses=problems({400: BAD_HEADER, 401: EXPIRED}),
        summary="A new access token for the session",
    )
    async def refresh(request: Request, carried_by: CarriedBy, given: SealedSession | None = None) -> Response:
        session = sign_in.sessions.open(request, carried_by, given.refresh_token if given else None)
        try:
            if revocations.in_force(session.as_claims()):
                raise session_expired()  # the pool may still take a token that it has replaced a moment ago
            tokens = await _refreshed(sign_in, session)
        except Problem:
            with audit.event("refresh", request, of=session.sub):
                raise
        body = Access(access_token=tokens.access_token, expires_in=tokens.expires_in)
        return await sign_in.renewed(body, session, tokens, carried_by)

    @routes.post(
        "/logout",
        status_code=204,
        responses=problems({400: BAD_HEADER}),
        summary="End this session, or every session of its user",
    )
    async def logout(request: Request, carried_by: CarriedBy, given: SignOut | None = None) -> Response:
        asked = given or SignOut()
        try:
            session = sign_in.sessions.open(request, carried_by, asked.refresh_token)
            with audit.event("sign_out_everywhere" if asked.everywhere else "sign_out", request, of=session.sub):
                await (ending.everywhere(session) if asked.everywhere else ending.here(session))
        except Problem as problem:
            if problem.code != EXPIRED_CODE:
                raise  # it goes on, and the client must not believe otherwise
        response = Response(status_code=204)
        forget(response, SESSION_COOKIE)
        return response

    return routes


class _Ending:
    """Ends sessions: at the pool, and for the access tokens that are out."""

    def __init__(self, sign_in: SignIn, revocations: RevocationList) -> None:
        self._sign_in = sign_in
        self._revocations = revocations

    async def here(self, session: Session) -> None:
        if session.origin_jti:
            await self._revocations.withdraw_session(session.origin_jti)
        await self._sign_in.pool.revoke(session.refresh_token)

    async def everywhere(self, session: Session) -> None:
        # Only a session that goes on may end the others: a stolen one that is over must not.
        tokens = await _refreshed(self._sign_in, session)
        await self._revocations.withdraw_user(session.sub)
        await self._sign_in.pool.sign_out_everywhere(tokens.access_token)


async def _refreshed(sign_in: SignIn, session: Session) -> Tokens:
    try:
        return await sign_in.pool.refresh(session.refresh_token)
    except Problem as problem:
        if problem.code == EXPIRED_CODE:
            raise session_expired() from problem
        raise
