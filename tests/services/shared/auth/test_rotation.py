"""Keys that come and go (J17, J18)."""

from __future__ import annotations

import asyncio

import pytest

from services.shared.auth import Code, RemoteKeys, TokenError, verifier
from tests.services.shared.auth.issuer import (
    CLIENT,
    ISSUER,
    KID,
    NOW,
    OTHER_KID,
    jwk_of,
    rsa_key,
    token,
)
from tests.services.shared.auth.pool import SOFT, Pool


async def test_the_first_token_of_a_new_key_is_taken_at_once(pool: Pool) -> None:
    """J17, and the sixth drill."""
    await pool.keys.prefetch()
    new = rsa_key("new")
    pool.server.publish(jwk_of(rsa_key("pool"), KID), jwk_of(new, "new"))
    assert await pool.code(token({"kid": "new"}, key=new)) == "taken"
    assert await pool.code(token()) == "taken"
    assert pool.server.fetches == 2


async def test_a_key_published_while_a_fetch_is_under_way_is_found_too(pool: Pool) -> None:
    await pool.keys.prefetch()
    new = rsa_key("new")
    pool.server.hold()
    first = asyncio.create_task(pool.code(token({"kid": "unknown"})))
    await pool.server.asked(2)  # and will answer with the old set
    second = asyncio.create_task(pool.code(token({"kid": "new"}, key=new)))
    await asyncio.sleep(0)
    pool.server.publish(jwk_of(rsa_key("pool"), KID), jwk_of(new, "new"))
    pool.server.release()
    assert await second == "taken"
    assert await first == "kid_unknown"
    assert pool.server.fetches == 3


async def test_a_withdrawn_key_is_refused_after_the_refresh_and_so_are_its_cached_tokens(pool: Pool) -> None:
    """J18 and C8."""
    await pool.keys.prefetch()
    text = token()
    other = token({"kid": OTHER_KID}, key=rsa_key("pool's other"))
    assert [await pool.code(text), await pool.code(text), await pool.code(other)] == ["taken"] * 3
    assert pool.tally.cache_hits == 1
    pool.server.publish(jwk_of(rsa_key("pool's other"), OTHER_KID))
    pool.now += 2 * SOFT
    assert await pool.code(text) == "taken", "the refresh holds nobody up"
    await pool.settled()
    assert await pool.code(text) == "kid_unknown"
    assert await pool.code(other) == "taken"
    assert pool.tally.cache_hits == 3, "the tokens of a key that stayed are still remembered"


async def test_a_kid_that_changes_its_key_takes_the_old_keys_tokens_with_it(pool: Pool) -> None:
    await pool.keys.prefetch()
    assert await pool.code(token()) == "taken"
    pool.server.publish(jwk_of(rsa_key("new"), KID))
    pool.now += 2 * SOFT
    pool.keys.keep_fresh()
    await pool.settled()
    assert await pool.code(token()) == "signature_invalid"
    assert await pool.code(token(key=rsa_key("new"))) == "taken"


async def test_a_key_withdrawn_while_nobody_asks_is_refused_when_somebody_does(pool: Pool) -> None:
    """The seventh drill: no request triggers the refresh."""
    keys = RemoteKeys(pool.server.url, soft_ttl=0.2)
    verify = verifier(keys, ISSUER, CLIENT, clock=lambda: NOW)
    await verify(token())
    pool.server.publish(jwk_of(rsa_key("pool's other"), OTHER_KID))
    await pool.server.asked(3)  # two refreshes later, of which one began after the withdrawal
    with pytest.raises(TokenError) as refusal:
        await verify(token())
    assert refusal.value.code is Code.KID_UNKNOWN
    await keys.close()
