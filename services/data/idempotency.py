"""Requests that carry an Idempotency-Key: made once, however often they come.

As draft-ietf-httpapi-idempotency-key-header has it.
A key belongs to one user and stands for one body for a day. The lock that a request holds on it ends with its
transaction, so a service that dies halfway leaves neither a product nor a key that nobody can use.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from services.data.models import NewProduct
from services.data.rows import Row, row_of
from services.shared.errors import Problem

if TYPE_CHECKING:
    from services.shared.database import Connection

KEPT_FOR = timedelta(hours=24)
SWEPT_AT_ONCE = 10
"""Old keys that each new one clears away: more than one, so that they never pile up."""

CLAIM = "SELECT pg_try_advisory_xact_lock($1)"
FIND = "SELECT fingerprint, product FROM idempotency_keys WHERE owner_id = $1 AND key = $2 AND expires_at > now()"
SWEEP = """
    DELETE FROM idempotency_keys WHERE (owner_id, key) IN (
        SELECT owner_id, key FROM idempotency_keys WHERE expires_at <= now()
        ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
    )
"""
KEEP = """
    INSERT INTO idempotency_keys (owner_id, key, fingerprint, product, expires_at)
    VALUES ($1, $2, $3, $4, now() + $5::interval)
    ON CONFLICT (owner_id, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, product = excluded.product, expires_at = excluded.expires_at
"""
FORGET_OWNER = "DELETE FROM idempotency_keys WHERE owner_id = $1"


class KeyedRequest:
    """One user's request under a key, inside a transaction."""

    def __init__(self, connection: Connection, owner_id: str, key: str, product: NewProduct) -> None:
        self._connection = connection
        self._owner_id = owner_id
        self._key = key
        self._fingerprint = hashlib.sha256(product.model_dump_json().encode()).digest()

    async def first_result(self) -> Row | None:
        """What the first request under the key made; None if this is the first one, which then holds the key.

        The problem 409 `idempotency_in_progress` while another one holds it, 422 `idempotency_key_reused` if the first
        one's body was another.
        """
        lock = hashlib.sha256(f"{self._owner_id}\0{self._key}".encode()).digest()[:8]
        if not await self._connection.fetchval(CLAIM, int.from_bytes(lock, signed=True)):
            raise _in_progress()
        # Only a statement that begins after the lock was got sees what its last holder has left.
        found = await self._connection.fetchrow(FIND, self._owner_id, self._key)
        if found is None:
            return None
        if found["fingerprint"] != self._fingerprint:
            raise Problem(
                422, "idempotency_key_reused", "This Idempotency-Key stood for another body: use a new one for this."
            )
        return row_of(found["product"])

    async def keep(self, result: Row) -> None:
        """Remember the result, and forget a few that are old."""
        product = msgspec.json.encode(result).decode()
        await self._connection.execute(SWEEP, SWEPT_AT_ONCE)
        await self._connection.execute(KEEP, self._owner_id, self._key, self._fingerprint, product, KEPT_FOR)


def _in_progress() -> Problem:
    return Problem(
        409,
        "idempotency_in_progress",
        "The first request with this Idempotency-Key is still running. Try again shortly.",
        headers={"retry-after": "1"},
    )
