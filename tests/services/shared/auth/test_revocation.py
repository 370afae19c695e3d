"""Sign-outs that reach a service: from identity's list over HTTP to the refused token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from services.shared.auth import Code, Revocations, TokenError, revocations_at, verifier
from services.shared.auth.metrics import Tally
from tests.services.shared.auth.issuer import CLIENT, GONE, ISSUER, NOW, SUB, good_claims, key_set, token
from tests.services.shared.auth.jwks_server import key_server

ORIGIN = good_claims()["origin_jti"]


class Source:
    """A list to set, or an error to raise."""

    def __init__(self, listed: Any = None) -> None:
        self.listed = listed if listed is not None else {}
        self.error: Exception | None = None
        self.polls = 0

    async def __call__(self) -> Mapping[str, int]:
        self.polls += 1
        if self.error:
            raise self.error
        listed: Mapping[str, int] = self.listed
        return listed


@pytest.mark.parametrize(
    ("listed", "revoked"),
    [
        ({}, False),
        ({SUB: NOW}, True),
        ({SUB: NOW - 60}, False),
        ({SUB: NOW - 59}, True),
        ({SUB: NOW - 61}, False),
        ({ORIGIN: NOW}, True),
        ({ORIGIN: NOW - 60}, False),
        ({"somebody else": NOW}, False),
        ({SUB: 0, ORIGIN: NOW}, True),
    ],
)
async def test_a_token_is_revoked_if_it_was_issued_before_its_user_or_sign_in_was_signed_out(
    listed: dict[str, int], revoked: bool
) -> None:
    revocations = Revocations(Source(listed))
    await revocations.poll()
    assert revocations(good_claims()) is revoked


async def test_a_token_without_a_sign_in_is_looked_up_by_its_subject_alone() -> None:
    revocations = Revocations(Source({SUB: NOW}))
    await revocations.poll()
    assert revocations(good_claims(origin_jti=GONE))
    assert not revocations(good_claims(origin_jti=GONE, sub="another"))


async def test_a_remembered_token_is_refused_as_soon_as_the_list_says_so_and_a_new_one_is_taken() -> None:
    source = Source()
    revocations = Revocations(source)
    verify = verifier(key_set(), ISSUER, CLIENT, revoked=revocations, clock=lambda: NOW)
    old, new = token(), token(iat=NOW)
    verify(old)
    verify(old)
    source.listed = {SUB: NOW}
    await revocations.poll()
    with pytest.raises(TokenError) as refusal:
        verify(old)
    assert refusal.value.code is Code.TOKEN_REVOKED
    assert verify(new).sub == SUB


async def test_somebody_who_is_taken_off_the_list_is_taken_again() -> None:
    source = Source({SUB: NOW})
    revocations = Revocations(source)
    await revocations.poll()
    source.listed = {}
    await revocations.poll()
    assert not revocations(good_claims())


async def test_while_the_source_is_down_the_list_at_hand_stays_in_force(caplog: pytest.LogCaptureFixture) -> None:
    now, tally, source = 0.0, Tally(), Source({SUB: NOW})
    revocations = Revocations(source, monotonic=lambda: now, tally=tally)
    assert await revocations.poll()
    source.error = ConnectionError("identity is down")
    now = 50.0
    assert not await revocations.poll()
    assert revocations(good_claims())
    assert revocations.age == 50
    assert tally.revocation_refreshes == {"ok": 1, "failed": 1}
    assert "identity is down" in caplog.text


async def test_before_the_first_list_arrives_nobody_is_refused() -> None:
    source = Source()
    source.error = ConnectionError("identity is down")
    revocations = Revocations(source)
    assert not await revocations.poll()
    assert not revocations(good_claims())
    assert revocations.age is None


@pytest.mark.parametrize("listed", [None, [], "x", {SUB: "now"}, {SUB: True}, {SUB: -1}, {SUB: 1.5}, {"": 1}, {7: 1}])
async def test_a_malformed_list_never_replaces_a_good_one(listed: Any, caplog: pytest.LogCaptureFixture) -> None:
    source = Source({SUB: NOW})
    revocations = Revocations(source)
    await revocations.poll()
    source.listed = listed
    assert not await revocations.poll()
    assert revocations(good_claims())
    assert ("the list is no object" if not isinstance(listed, dict) else "a revocation is not an id") in caplog.text


async def test_polling_goes_on_by_itself_through_failures_until_the_block_ends() -> None:
    source = Source()
    revocations = Revocations(source, interval=0.02)
    async with revocations.polling():
        source.error = ConnectionError()
        await asyncio.sleep(0.1)
        source.error, source.listed = None, {SUB: NOW}
        await asyncio.sleep(0.1)
        assert revocations(good_claims())
    polls = source.polls
    await asyncio.sleep(0.06)
    assert source.polls == polls


async def test_a_list_of_many_thousand_sign_outs_is_read() -> None:
    async with key_server() as server:
        listed = {f"{i:08}-bbbb-cccc-dddd-eeeeeeeeeeee": NOW for i in range(20_000)}
        server.body = json.dumps({"revocations": {**listed, SUB: NOW}}).encode()
        revocations = Revocations(revocations_at(server.url))
        assert await revocations.poll()
        assert revocations(good_claims())


async def test_identitys_list_is_read_over_http() -> None:
    async with key_server() as server:
        server.body = json.dumps({"revocations": {SUB: NOW}}).encode()
        revocations = Revocations(revocations_at(server.url))
        assert await revocations.poll()
        assert revocations(good_claims())
        for status, body in (
            ("200 OK", b"{}"),
            ("200 OK", b'{"revocations":[]}'),
            ("200 OK", b"nonsense"),
            ("200 OK", b'{"revocations":{"a":1,"a":2}}'),
            ("500 Internal Server Error", server.body),
        ):
            server.status, server.body = status, body
            assert not await revocations.poll()
            assert revocations(good_claims())
        server.status, server.body = "200 OK", b'{"revocations":{}}'
        assert await revocations.poll()
        assert not revocations(good_claims())
