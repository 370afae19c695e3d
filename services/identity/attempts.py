"""Every try at what tells, or takes, an account: counted, written down, and answered in even time."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Request

from services.identity.audit import Audit, Entry
from services.identity.guards import address_of
from services.identity.limits import Rule, Throttle, address_key
from services.identity.pool_errors import too_many_requests
from services.shared.errors import Problem


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`step`: refusals, and with `always` every answer, come after a multiple of so many seconds, so that their time
    tells nothing about what the pool found. It has to be longer than the pool usually takes."""

    event: str
    by_address: Rule
    by_account: Rule
    step: float = 0.0
    always: bool = False


_OFTEN = Rule(burst=100, interval=1)
_SELDOM = Rule(burst=100, interval=5)
_PASSWORDS = Rule(burst=10, interval=10)
_CODES = Rule(burst=10, interval=30)
_MAILS = Rule(burst=5, interval=60, longest=3600)

SIGN_IN = Kind(event="sign_in", by_address=_OFTEN, by_account=_PASSWORDS, step=0.4)
CHALLENGE = Kind(event="sign_in_step", by_address=_OFTEN, by_account=_CODES)
SIGN_UP = Kind(event="sign_up", by_address=_SELDOM, by_account=_MAILS, step=0.6, always=True)
CONFIRM = Kind(event="confirm", by_address=_OFTEN, by_account=_CODES, step=0.4)
RESEND = Kind(event="code_asked_again", by_address=_SELDOM, by_account=_MAILS, step=0.6, always=True)
FORGOT = Kind(event="password_forgotten", by_address=_SELDOM, by_account=_MAILS, step=0.6, always=True)
RESET = Kind(event="password_reset", by_address=_OFTEN, by_account=_CODES, step=0.4)
PASSWORD_CHANGE = Kind(event="password_change", by_address=_OFTEN, by_account=_PASSWORDS)
SECOND_FACTOR = Kind(event="second_factor_added", by_address=_OFTEN, by_account=_CODES)
DELETION = Kind(event="account_deleted", by_address=_OFTEN, by_account=_PASSWORDS)

KINDS = (
    *(SIGN_IN, CHALLENGE, SIGN_UP, CONFIRM, RESEND),
    *(FORGOT, RESET, PASSWORD_CHANGE, SECOND_FACTOR, DELETION),
)


class Attempts:
    """Lets tries happen. `audit` writes them down, and what takes no counting too. `pace` scales the steps: 0 answers
    at once (for tests)."""

    def __init__(self, audit: Audit, *, pace: float = 1.0) -> None:
        self.audit = audit
        self._pace = pace
        self._addresses = {kind: Throttle(kind.by_address) for kind in KINDS}
        self._accounts = {kind: Throttle(kind.by_account) for kind in KINDS}

    @asynccontextmanager
    async def attempt(self, kind: Kind, request: Request, account: str) -> AsyncIterator[Entry]:
        """One try at the account, an email address or a user's id; problem 429 when there were too many."""
        email = account if "@" in account else None
        started = time.monotonic()
        with self.audit.event(kind.event, request, email=email) as entry:
            self._admit(kind, request, account)
            try:
                yield entry
            except Exception as error:
                if not isinstance(error, Problem) or error.status_code >= 500:
                    self._give_back(kind, request, account)
                await self._even_out(started, kind.step)
                raise
            if kind.always:
                await self._even_out(started, kind.step)

    def succeeded(self, kind: Kind, account: str) -> None:
        """They have shown that the account is theirs: earlier tries no longer count."""
        self._accounts[kind].forgive(account)

    def _admit(self, kind: Kind, request: Request, account: str) -> None:
        wait = self._addresses[kind].take(address_key(address_of(request))) or self._accounts[kind].take(account)
        if wait:
            raise too_many_requests(math.ceil(wait))

    def _give_back(self, kind: Kind, request: Request, account: str) -> None:
        """An outage is not their fault, and must not keep them out when it is over."""
        self._addresses[kind].give_back(address_key(address_of(request)))
        self._accounts[kind].give_back(account)

    async def _even_out(self, started: float, step: float) -> None:
        step *= self._pace
        if step:
            taken = time.monotonic() - started
            await asyncio.sleep(math.ceil(taken / step) * step - taken)
