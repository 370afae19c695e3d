"""Users as this platform keeps them: a copy of what the pool knows, and since when they are here."""

from __future__ import annotations

from services.identity.models import User
from services.identity.pool import Profile
from services.shared.database import Database

_FIND = "SELECT id, email, name, created_at FROM users WHERE id = $1"
_KEEP = """
    INSERT INTO users (id, email, name) VALUES ($1, $2, $3)
    ON CONFLICT (id) DO UPDATE SET email = excluded.email, name = excluded.name
    RETURNING id, email, name, created_at
"""


class Users:
    """The table of users; every method raises the problem 503 while there is no database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, user_id: str, groups: list[str]) -> User | None:
        """The user of this id, if they have been here; `groups` are added as given."""
        record = await self._database.fetchrow(_FIND, user_id)
        return User(**record, groups=groups) if record else None

    async def keep(self, profile: Profile, groups: list[str]) -> User:
        """Make the user's row, or bring it up to date; as often and as concurrently as you like."""
        record = await self._database.fetchrow(_KEEP, profile.sub, profile.email, profile.name)
        if record is None:
            raise RuntimeError("INSERT ... RETURNING gave no row")
        return User(**record, groups=groups)
