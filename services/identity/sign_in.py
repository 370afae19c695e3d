"""From a password, and whatever else the pool asks for, to a session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, SecretStr

from services.identity.attempts import CHALLENGE, SIGN_IN, Attempts
from services.identity.audit import Entry
from services.identity.challenges import Challenges, Step, otpauth_uri
from services.identity.directory import Directory, Profile
from services.identity.guards import Carrier, address_of
from services.identity.models import Access, ChallengeAnswer, Credentials, FurtherStep, SignedIn
from services.identity.pool import Challenge, Tokens, UserPool
from services.identity.sessions import PENDING_COOKIE, Session, Sessions, forget
from services.identity.users import Users
from services.shared.auth import Principal
from services.shared.errors import Problem

NEW_PASSWORD: Final = "NEW_PASSWORD_REQUIRED"  # noqa: S105 (a name)
TOTP_CODE: Final = "SOFTWARE_TOKEN_MFA"
TOTP_SETUP: Final = "MFA_SETUP"

T = TypeVar("T", str, SecretStr)


@dataclass(frozen=True)
class SignIn:
    """What it takes to sign somebody in."""

    pool: UserPool
    directory: Directory
    users: Users
    sessions: Sessions
    challenges: Challenges
    verify_id_token: Callable[[str], Awaitable[Principal]]
    attempts: Attempts
    app_name: str

    async def with_password(self, request: Request, given: Credentials, carrier: Carrier) -> Response:
        """The answer to email and password."""
        async with self.attempts.attempt(SIGN_IN, request, given.email) as entry:
            try:
                outcome = await self.pool.sign_in(given.email, given.password.get_secret_value(), address_of(request))
            except Problem as problem:
                if problem.code == "invalid_credentials" and self.sessions.has_signed_up(request, given.email):
                    raise _not_confirmed() from problem
                raise
            self.attempts.succeeded(SIGN_IN, given.email)
            return await self._answer_to(outcome, given.email, carrier, entry)

    async def with_answer(self, request: Request, given: ChallengeAnswer, carrier: Carrier) -> Response:
        """The answer to a further step."""
        step = self.challenges.open(given.session, carrier)
        async with self.attempts.attempt(CHALLENGE, request, step.email) as entry:
            outcome = await self._respond(step, given, address_of(request))
            self.attempts.succeeded(CHALLENGE, step.email)
            return await self._answer_to(outcome, step.email, carrier, entry)

    async def _respond(self, step: Step, given: ChallengeAnswer, address: str) -> Tokens | Challenge:
        challenge = step.challenge
        if challenge.name == NEW_PASSWORD:
            password = _present(given.new_password, "new_password").get_secret_value()
            (await self.directory.password_policy()).check(password, "new_password")
            return await self.pool.respond(challenge, {"NEW_PASSWORD": password}, address)
        code = _present(given.code, "code")
        if challenge.name == TOTP_CODE:
            return await self.pool.respond(challenge, {"SOFTWARE_TOKEN_MFA_CODE": code}, address)
        proven = await self.pool.prove_totp(challenge.session, code)
        return await self.pool.respond(replace(challenge, session=proven), {}, address)

    async def answer(self, body: Access, session: Session, carrier: Carrier) -> Response:
        """The body, and the session where this client keeps it."""
        if carrier is Carrier.BODY:
            return json(body.model_copy(update={"refresh_token": self.sessions.seal(session, carrier)}))
        response = json(body)
        self.sessions.set_cookie(response, session, (await self.directory.lifetimes()).session)
        forget(response, PENDING_COOKIE)
        return response

    async def renewed(self, body: Access, session: Session, tokens: Tokens, carrier: Carrier) -> Response:
        """The body, with the session if it goes on by another refresh token from now on."""
        if not tokens.refresh_token:
            return json(body)
        return await self.answer(body, replace(session, refresh_token=tokens.refresh_token), carrier)

    async def _answer_to(self, outcome: Tokens | Challenge, email: str, carrier: Carrier, entry: Entry) -> Response:
        if isinstance(outcome, Challenge):
            entry.outcome = outcome.name
            return json(await self._further_step(Step(outcome, email), carrier))
        principal = await self.verify_id_token(outcome.id_token)
        entry.user = principal.sub
        claims, groups = principal.claims, sorted(principal.groups)
        profile = Profile(principal.sub, str(claims.get("email", "")), str(claims.get("name", "")))
        user = await self.users.keep(profile, groups)
        body = SignedIn(access_token=outcome.access_token, expires_in=outcome.expires_in, user=user)
        session = Session(principal.sub, str(claims.get("origin_jti", "")), int(claims["iat"]), outcome.refresh_token)
        return await self.answer(body, session, carrier)

    async def _further_step(self, step: Step, carrier: Carrier) -> FurtherStep:
        name = step.challenge.name
        if name not in (NEW_PASSWORD, TOTP_CODE, TOTP_SETUP):
            detail = f"Signing in takes a step that is not supported here: {name}."
            raise Problem(501, "challenge_unsupported", detail)
        secret = uri = None
        if name == TOTP_SETUP:
            secret, session = await self.pool.new_totp_secret(step.challenge.session)
            step = replace(step, challenge=replace(step.challenge, session=session))
            uri = otpauth_uri(self.app_name, step.email, secret)
        lifetime = (await self.directory.lifetimes()).challenge
        sealed = self.challenges.seal(step, carrier, lifetime)
        return FurtherStep(challenge=name, session=sealed, secret=secret, otpauth_uri=uri)


def json(body: BaseModel) -> Response:
    """An answer that nobody may keep."""
    return JSONResponse(body.model_dump(mode="json", exclude_none=True), headers={"cache-control": "no-store"})


def _present(value: T | None, field: str) -> T:
    if value is None:
        wrong = {"field": field, "message": "is what this step asks for"}
        raise Problem(422, "invalid_request", f"The request is not valid: {field} is missing", errors=[wrong])
    return value


def _not_confirmed() -> Problem:
    return Problem(403, "user_not_confirmed", "The address is not confirmed yet: enter the code that was mailed to it.")
