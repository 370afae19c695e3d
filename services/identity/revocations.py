"""Whose tokens have been withdrawn. The other services read this list and refuse such tokens before they expire."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from services.identity.directory import Directory
from services.shared.auth import Revocations
from services.shared.database import Database

if TYPE_CHECKING:
    from services.shared.database import Connection

LATECOMERS = 60
"""Seconds: for so long the pool may still make tokens for a session that was signed out, out of a refresh token that
had been replaced (the longest RetryGracePeriodSeconds)."""
SPREAD = timedelta(minutes=1)
"""Clocks may differ by so much, and still no token outlives its entry."""

_LIST = "SELECT id, not_before FROM user_revocations WHERE expires_at > now()"
_ADD = """
    INSERT INTO user_revocations (id, not_before, expires_at) VALUES ($1, $2, now() + $3)
    ON CONFLICT (id) DO UPDATE SET
        not_before = greatest(user_revocations.not_before, excluded.not_before), expires_at = excluded.expires_at
"""
_TIDY = "DELETE FROM user_revocations WHERE expires_at < now()"


class RevocationList:
    """The table; every method raises the problem 503 while there is no database. `in_force` is what this process has
    read of it, as other processes have by asking."""

    def __init__(self, database: Database, directory: Directory, interval: float) -> None:
        self._database = database
        self._directory = directory
        self.in_force = Revocations(self.listed, interval=interval)

    async def listed(self) -> dict[str, int]:
        """{sub or origin_jti: seconds since the epoch before which its tokens do not count}."""
        return {record["id"]: record["not_before"] for record in await self._database.fetch(_LIST)}

    async def withdraw_user(self, sub: str) -> None:
        """Every token that the user has now."""
        async with self._database.connection() as connection:
            await self.withdraw(connection, sub)
        await self.in_force.poll()

    async def withdraw_session(self, origin_jti: str) -> None:
        """Every token of one sign-in, those included that the pool is only about to make."""
        async with self._database.connection() as connection:
            await self.withdraw(connection, origin_jti, more=LATECOMERS)
        await self.in_force.poll()

    async def withdraw(self, connection: Connection, identifier: str, *, more: int = 0) -> None:
        """The same, in whatever transaction the connection is in. Tokens tell whole seconds, so those of this very
        second go too."""
        lifetime = (await self._directory.lifetimes()).access_token
        not_before = math.floor(time.time()) + 1 + more
        await connection.execute(_ADD, identifier, not_before, lifetime + SPREAD)
        await connection.execute(_TIDY)
