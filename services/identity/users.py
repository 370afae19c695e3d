"""Users as this platform keeps them: a copy of what the pool knows, and since when they are here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from services.identity.directory import Profile
from services.identity.models import ListedUser, User
from services.shared.database import Database

if TYPE_CHECKING:
    from services.shared.database import Connection

_COLUMNS = "id, email, name, created_at"

# Only our own column names are put together here.
_FIND = f"SELECT {_COLUMNS} FROM users WHERE id = $1"  # noqa: S608
_KEEP = f"""
    INSERT INTO users (id, email, name, groups, enabled) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (id) DO UPDATE SET
        email = excluded.email, name = excluded.name, groups = excluded.groups, enabled = excluded.enabled
    RETURNING {_COLUMNS}
"""  # noqa: S608
_PAGE = f"""
    SELECT {_COLUMNS}, groups, enabled FROM users
    WHERE ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3))
      AND ($4::text IS NULL OR email ILIKE $4 OR name ILIKE $4 OR id = $5)
    ORDER BY created_at DESC, id DESC LIMIT $1
"""  # noqa: S608
_SET_ENABLED = "UPDATE users SET enabled = $2 WHERE id = $1"
_SET_GROUPS = "UPDATE users SET groups = $2 WHERE id = $1"
_DELETE = "DELETE FROM users WHERE id = $1"


class Position(NamedTuple):
    """The place of one user in the order of pages: newest first, then by id."""

    created_at: datetime
    id: str


class Users:
    """The table of users; every method raises the problem 503 while there is no database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, user_id: str, groups: Sequence[str]) -> User | None:
        """The user of this id, if they have been here; `groups` are added as given."""
        record = await self._database.fetchrow(_FIND, user_id)
        return User(**record, groups=list(groups)) if record else None

    async def keep(self, profile: Profile, groups: Sequence[str]) -> User:
        """Make the user's row, or bring it up to date; as often and as concurrently as you like."""
        record = await self._database.fetchrow(
            _KEEP, profile.sub, profile.email, profile.name, list(groups), profile.enabled
        )
        if record is None:
            raise RuntimeError("INSERT ... RETURNING gave no row")
        return User(**record, groups=list(groups))

    async def page(self, limit: int, after: Position | None, q: str) -> tuple[list[ListedUser], Position | None]:
        """At most `limit` users after a position (None: from the newest on) whose email or name has `q` in it, in any
        case, or whose id it is; and the last one's position if more follow."""
        created_at, last_id = after or (None, None)
        records = await self._database.fetch(_PAGE, limit + 1, created_at, last_id, _containing(q), q)
        found = [ListedUser(**record) for record in records[:limit]]
        return found, Position(found[-1].created_at, found[-1].id) if len(records) > limit else None

    async def set_enabled(self, user_id: str, enabled: bool) -> None:
        """Note whether the user may sign in."""
        await self._database.fetchrow(_SET_ENABLED, user_id, enabled)

    async def set_groups(self, user_id: str, groups: Sequence[str]) -> None:
        """Note the user's groups."""
        await self._database.fetchrow(_SET_GROUPS, user_id, list(groups))

    @staticmethod
    async def delete(connection: Connection, user_id: str) -> None:
        """Take the user's row away, in whatever transaction the connection is in."""
        await connection.execute(_DELETE, user_id)


def _containing(q: str) -> Any:
    """The pattern of texts with `q` in them."""
    if not q:
        return None
    escaped = q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
