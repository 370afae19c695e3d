"""Users in the identity service's table, a copy of what the pool knows."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from scripts.accounts.pool import Account

if TYPE_CHECKING:
    import asyncpg

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]

Row = tuple[str, str, tuple[str, ...], bool]
"""What is copied: email, name, groups, enabled."""

SPREAD = timedelta(minutes=1)
_OWNERS = "SELECT owner_id, count(*) AS count FROM products GROUP BY owner_id"


def as_row(account: Account) -> Row:
    """The row that this user should have."""
    return account.email, account.name, account.groups, account.enabled


async def rows(connection: Connection) -> dict[str, Row]:
    """All rows by the user's id."""
    records = await connection.fetch("SELECT id, email, name, groups, enabled FROM users")
    return {
        record["id"]: (record["email"], record["name"], tuple(sorted(record["groups"])), record["enabled"])
        for record in records
    }


async def add(connection: Connection, account: Account) -> None:
    """Make a row, unless the user has just got one."""
    await connection.execute(
        """
        INSERT INTO users (id, email, name, groups, enabled, created_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (id) DO NOTHING
        """,
        account.id,
        account.email,
        account.name,
        list(account.groups),
        account.enabled,
        account.created_at,
    )


async def update(connection: Connection, account: Account) -> None:
    """Bring the user's row up to date, if there is one."""
    await connection.execute(
        "UPDATE users SET email = $2, name = $3, groups = $4, enabled = $5 WHERE id = $1",
        account.id,
        account.email,
        account.name,
        list(account.groups),
        account.enabled,
    )


async def remove(connection: Connection, user_id: str) -> None:
    """Take away the row of a user who is no more."""
    await connection.execute("DELETE FROM users WHERE id = $1", user_id)


async def owners(products: Connection) -> dict[str, int]:
    """Whoever owns products, and how many; `products` is a connection to the data service's schema."""
    return {record["owner_id"]: record["count"] for record in await products.fetch(_OWNERS)}


async def remove_products(products: Connection, owner_id: str) -> None:
    """Take away what somebody owned."""
    await products.execute("DELETE FROM products WHERE owner_id = $1", owner_id)


async def withdraw_tokens(connection: Connection, user_id: str, access_token_minutes: int) -> None:
    """Have every service refuse the access tokens that the user has now (services/shared/auth/README.md)."""
    await connection.execute(
        """
        INSERT INTO user_revocations (id, not_before, expires_at) VALUES ($1, $2, now() + $3)
        ON CONFLICT (id) DO UPDATE SET
            not_before = greatest(user_revocations.not_before, excluded.not_before),
            expires_at = greatest(user_revocations.expires_at, excluded.expires_at)
        """,
        user_id,
        math.floor(time.time()) + 1,
        timedelta(minutes=access_token_minutes) + SPREAD,
    )
