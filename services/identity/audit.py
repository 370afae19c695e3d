"""What happened to whose account, by whom and from where: one line in the log for each event, without any secret."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import Request

from services.identity.guards import address_of
from services.shared.auth import Principal
from services.shared.errors import Problem

OK = "ok"
FAILED = "failed"

log = logging.getLogger("services.audit")
log.setLevel(logging.INFO)  # these lines are written whatever LOG_LEVEL says


@dataclass
class Entry:
    """One event while it happens. `outcome`: "ok", what else came of it, or the `code` of the refusal. `user` is an
    id, `by` the id of the administrator who did it to them."""

    event: str
    client: str
    user: str | None = None
    by: str | None = None
    account: str | None = None
    group: str | None = None
    outcome: str = OK

    def write(self) -> None:
        """The line in the log."""
        log.info("audit", extra={name: value for name, value in vars(self).items() if value is not None})


class Audit:
    """Writes the lines. An account that is only an email address, perhaps a wrong one, is named by a keyed hash of it:
    the same in every line, and no address to read."""

    def __init__(self, key: str) -> None:
        self._key = hashlib.sha256(f"audit {key}".encode()).digest()

    @contextmanager
    def event(self, name: str, request: Request, *, email: str | None = None, of: str | None = None) -> Iterator[Entry]:
        """One event, which is whatever happens in the block. It happens to the signed-in user; or to `of`, by them."""
        principal = request.scope.get("principal")
        signed_in = principal.sub if isinstance(principal, Principal) else None
        entry = Entry(name, address_of(request), user=of or signed_in, by=signed_in if of else None)
        if email is not None:
            entry.account = self.pseudonym(email)
        try:
            yield entry
        except Problem as problem:
            entry.outcome = str(problem.code)
            raise
        except BaseException:
            entry.outcome = FAILED
            raise
        finally:
            entry.write()

    def pseudonym(self, email: str) -> str:
        """What stands for the address in the log."""
        return hashlib.blake2b(email.encode(), key=self._key, digest_size=8).hexdigest()
