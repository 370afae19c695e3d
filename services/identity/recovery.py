"""What follows a new password that was taken by a mailed code."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from services.identity.directory import Directory
from services.identity.revocations import RevocationList
from services.shared.errors import Problem

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recovery:
    """Whoever resets a password may do so because somebody else is in the account."""

    directory: Directory
    revocations: RevocationList

    async def end_all_sessions(self, email: str) -> str | None:
        """Sign the user out everywhere; their id. The password is reset already: a failure here is for the log, not
        for them."""
        try:
            profile = await self.directory.profile(email)
            if profile is None:
                return None
            await self.directory.sign_out_everywhere(profile.sub)
            await self.revocations.withdraw_user(profile.sub)
        except Problem as problem:
            log.error("sessions go on after a password reset", extra={"reason": str(problem)})
            return None
        return profile.sub
