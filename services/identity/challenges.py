"""The further steps of a sign-in, sealed between one request and the next; and what authenticator apps are told."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote, urlencode

from services.identity.guards import Carrier
from services.identity.pool import Challenge
from services.identity.pool_errors import sign_in_expired
from services.identity.sealing import Sealer, SealError


@dataclass(frozen=True)
class Step:
    """A challenge of the pool, and the address that is signing in."""

    challenge: Challenge
    email: str


class Challenges:
    """Seals and opens what a client carries from one step to the next. It is good for the carrier that began, and for
    as long as the pool remembers its own part."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal(self, step: Step, carrier: Carrier, lifetime: timedelta) -> str:
        """The step as a client may hold it."""
        challenge = step.challenge
        until = int(time.time() + lifetime.total_seconds())
        members = [challenge.name, challenge.session, challenge.username, step.email, until]
        return self._sealer.seal(_purpose(carrier), json.dumps(members, separators=(",", ":")))

    def open(self, sealed: str, carrier: Carrier) -> Step:
        """The step; problem 401 `session_expired` when it is not ours, or too old."""
        try:
            name, session, username, email, until = json.loads(self._sealer.open(_purpose(carrier), sealed))
        except SealError:
            raise sign_in_expired() from None
        if time.time() >= until:
            raise sign_in_expired()
        return Step(Challenge(name, session, username), email)


def otpauth_uri(issuer: str, email: str, secret: str) -> str:
    """The secret as authenticator apps read it from a QR code (Key Uri Format; RFC 6238's defaults)."""
    label = quote(f"{issuer}:{email}", safe=":@")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer})}"


def _purpose(carrier: Carrier) -> str:
    return f"challenge in {carrier}"
