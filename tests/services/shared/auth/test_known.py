"""The look without a wait: who a token that was verified of late belongs to. It may save time, never let anybody in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from services.shared.auth import Code, TokenError, verifier
from services.shared.auth.metrics import ACCEPTED
from services.shared.auth.verifier import RemoteVerifier
from tests.services.shared.auth.issuer import CLIENT, ISSUER, KID, NOW, jwk_of, rsa_key, token
from tests.services.shared.auth.pool import SOFT, Pool


class Door:
    """A verifier over the pool's keys, with a clock to set and a revocation to switch."""

    def __init__(self, pool: Pool) -> None:
        self.now = float(NOW)
        self.revoked = False
        self.broken = False
        self.verify: RemoteVerifier = verifier(
            pool.keys, ISSUER, CLIENT, revoked=self._is_revoked, clock=lambda: self.now, tally=pool.tally
        )

    def _is_revoked(self, _claims: Mapping[str, Any]) -> bool:
        if self.broken:
            raise RuntimeError("the list cannot be read")
        return self.revoked


async def test_a_token_that_nobody_has_verified_is_not_known(pool: Pool) -> None:
    await pool.keys.prefetch()
    assert pool.verify.known(token()) is None
    assert pool.tally.results == {}


async def test_a_verified_token_is_known_and_counted_as_taken(pool: Pool) -> None:
    text = token()
    principal = await pool.verify(text)
    assert pool.verify.known(text) is principal
    assert (pool.tally.results[ACCEPTED], pool.tally.cache_hits) == (2, 1)


async def test_a_token_that_has_ended_is_known_no_more(pool: Pool) -> None:
    door, text = Door(pool), token(exp=NOW + 100)
    await door.verify(text)
    door.now = NOW + 99
    assert door.verify.known(text) is not None
    door.now = NOW + 100
    assert door.verify.known(text) is None


async def test_a_token_of_a_withdrawn_key_is_known_no_more(pool: Pool) -> None:
    text = token()
    await pool.verify(text)
    pool.server.publish(jwk_of(rsa_key("new"), KID))
    pool.now += 2 * SOFT
    assert pool.verify.known(text) is not None, "the refresh that this begins holds nobody up"
    await pool.settled()
    assert pool.verify.known(text) is None


async def test_a_revoked_token_is_known_no_more(pool: Pool) -> None:
    door, text = Door(pool), token()
    await door.verify(text)
    door.revoked = True
    assert door.verify.known(text) is None
    door.revoked = False
    assert door.verify.known(text) is not None


async def test_nobody_is_known_while_the_revocations_cannot_be_read(pool: Pool) -> None:
    door, text = Door(pool), token()
    await door.verify(text)
    door.broken = True
    assert door.verify.known(text) is None
    with pytest.raises(TokenError) as refusal:
        await door.verify(text)
    assert refusal.value.code is Code.TOKEN_REVOKED


async def test_a_changed_token_is_not_the_known_one(pool: Pool) -> None:
    text = token()
    await pool.verify(text)
    assert pool.verify.known(text[:-1] + ("A" if text[-1] != "A" else "B")) is None
