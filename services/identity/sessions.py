"""Sessions as clients carry them: sealed, in a cookie no script can read, or in the body for who is no browser."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from datetime import timedelta

from fastapi import Request, Response

from services.catalog import API_PREFIX
from services.identity.guards import Carrier
from services.identity.pool_errors import session_over
from services.identity.sealing import Sealer, SealError
from services.shared.errors import Problem

PATH = f"{API_PREFIX}/auth"
SESSION_COOKIE = "__Secure-rt"
PENDING_COOKIE = "__Secure-pending"
PENDING_LIFETIME = timedelta(days=1)
"""As long as a mailed code counts (SignUp in the Cognito developer guide: 24 hours)."""

_PENDING = "pending sign-up"


@dataclass(frozen=True)
class Session:
    """One sign-in: whose, which (`origin_jti`), since when (seconds since the epoch), and how it goes on."""

    sub: str
    origin_jti: str
    since: int
    refresh_token: str

    def as_claims(self) -> dict[str, str | int]:
        """What tells whether it has been signed out, as a token of it would."""
        return {"sub": self.sub, "origin_jti": self.origin_jti, "iat": self.since}


class Sessions:
    """Seals and opens what clients carry. A sealed session is good for the carrier it was made for and no other."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal(self, session: Session, carrier: Carrier) -> str:
        """The session as a client may hold it."""
        return self._sealer.seal(_purpose(carrier), json.dumps(astuple(session), separators=(",", ":")))

    def set_cookie(self, response: Response, session: Session, lifetime: timedelta) -> None:
        """Give a browser its session."""
        _set(response, SESSION_COOKIE, self.seal(session, Carrier.BROWSER), lifetime)

    def open(self, request: Request, carrier: Carrier, sealed: str | None) -> Session:
        """The session of the request, from its cookie or from `sealed`, the body's; problem 401 `session_expired`
        when there is none, or none that is ours."""
        given = request.cookies.get(SESSION_COOKIE) if carrier is Carrier.BROWSER else sealed
        try:
            return Session(*json.loads(self._sealer.open(_purpose(carrier), given or "")))
        except SealError:
            raise session_expired() from None

    def remember_sign_up(self, response: Response, email: str) -> None:
        """Let this browser know that it has signed up with the address (see `has_signed_up`)."""
        _set(response, PENDING_COOKIE, self._sealer.seal(_PENDING, email), PENDING_LIFETIME)

    def has_signed_up(self, request: Request, email: str) -> bool:
        """Whether this browser signed up with the address and has not signed in since.

        Only then a refused sign-in may say "not confirmed yet". Said to anybody, it would tell who has an account:
        sign up with an address, and only one that was free comes out as not confirmed.
        """
        try:
            return self._sealer.open(_PENDING, request.cookies.get(PENDING_COOKIE, "")) == email
        except SealError:
            return False


def forget(response: Response, cookie: str) -> None:
    """Take the cookie away."""
    _set(response, cookie, "", timedelta(0))


def session_expired() -> Problem:
    """401: there is no session, or no longer. A browser forgets its cookie with this answer."""
    problem = session_over()
    cleared = Response()
    forget(cleared, SESSION_COOKIE)
    problem.headers = {**(problem.headers or {}), "set-cookie": cleared.headers["set-cookie"]}
    return problem


def _purpose(carrier: Carrier) -> str:
    return f"session in {carrier}"


def _set(response: Response, name: str, value: str, lifetime: timedelta) -> None:
    response.set_cookie(
        name,
        value,
        max_age=int(lifetime.total_seconds()),
        path=PATH,
        secure=True,
        httponly=True,
        samesite="strict",
    )
