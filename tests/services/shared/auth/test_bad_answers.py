"""Answers of a key server that must never replace a good set (J8 to J12, J15)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from services.shared.auth import RemoteKeys, TokenError, verifier
from services.shared.auth.metrics import Tally
from tests.services.shared.auth.issuer import CLIENT, ISSUER, NOW, compact, jwk_of, key_set, rsa_key, token
from tests.services.shared.auth.jwks_server import KeyServer, key_server

ATTACKER = {"keys": [jwk_of(rsa_key("attacker"), "attacker")]}
BODY = compact(key_set())
ANSWERS: dict[str, tuple[str, bytes]] = {
    "J8-500": ("500 Internal Server Error", BODY),
    "J8-403": ("403 Forbidden", BODY),
    "J8-204": ("204 No Content", b""),
    "J8-206": ("206 Partial Content", BODY),
    "J8-html": ("200 OK", b"<html>down for maintenance</html>"),
    "J8-truncated": ("200 OK", BODY[:-20]),
    "J8-empty-body": ("200 OK", b""),
    "J8-empty-object": ("200 OK", b"{}"),
    "J8-keys-object": ("200 OK", b'{"keys":{}}'),
    "J8-no-keys": ("200 OK", b'{"keys":[]}'),
    "J8-list": ("200 OK", b"[]"),
    "J8-bad-utf-8": ("200 OK", BODY.replace(b"RS256", b"RS\xff56")),
    "J8-5000-levels": ("200 OK", b'{"keys":' + b"[" * 5000 + b"]" * 5000 + b"}"),
    "J8-keys-twice": ("200 OK", BODY[:-1] + b',"keys":' + compact(ATTACKER["keys"]) + b"}"),
    "J12-kid-twice": ("200 OK", compact({"keys": key_set()["keys"] * 2})),
    "J15-101-keys": ("200 OK", compact({"keys": [{**ATTACKER["keys"][0], "kid": f"k{i}"} for i in range(101)]})),
}


async def outcome_of_refresh(server: KeyServer, spoil: Callable[[], object]) -> tuple[bool, Tally]:
    """(whether a good token is still taken, counts) after a refresh that met a spoiled server."""
    now, tally = 0.0, Tally()
    keys = RemoteKeys(server.url, monotonic=lambda: now, tally=tally)
    verify = verifier(keys, ISSUER, CLIENT, clock=lambda: NOW, cache_entries=0)
    await keys.prefetch()
    spoil()
    now += 1000
    keys.keep_fresh()
    assert keys._flight is not None
    await asyncio.wait({keys._flight})
    try:
        await verify(token())
        taken = True
    except TokenError:
        taken = False
    with pytest.raises(TokenError):
        await verify(token({"kid": "attacker"}, key=rsa_key("attacker")))
    await keys.close()
    return taken, tally


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_bad_answer_leaves_the_old_set_in_place(name: str) -> None:
    async with key_server() as server:

        def spoil() -> None:
            server.status, server.body = ANSWERS[name]

        taken, tally = await outcome_of_refresh(server, spoil)
    assert taken
    assert tally.key_refreshes["failed"] >= 1
    assert tally.key_refreshes["ok"] == 1


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent"])
async def test_a_redirect_is_not_followed(status: str) -> None:
    """J9."""
    async with key_server() as server, key_server() as elsewhere:
        elsewhere.body = compact(ATTACKER)

        def spoil() -> None:
            server.status, server.headers = status, f"Location: {elsewhere.url}\r\n"

        taken, _ = await outcome_of_refresh(server, spoil)
        assert taken
        assert elsewhere.fetches == 0


def replying(server: KeyServer, respond: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> Callable[[], None]:
    def spoil() -> None:
        server.respond = respond

    return spoil


async def test_a_body_of_ten_megabytes_is_cut_short() -> None:
    """J10: at 256 kB, give or take what is on its way."""
    sent = 0

    async def respond(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY[:-1] + b',"x":"')
        for _ in range(160):
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async with key_server() as server:
        taken, _ = await outcome_of_refresh(server, replying(server, respond))
    assert taken
    assert sent < 8_000_000


async def test_a_set_of_256_kb_is_read_and_one_byte_more_is_not() -> None:
    async with key_server() as server:
        for excess, ready in ((0, True), (1, False)):
            server.body = BODY + b" " * (256 * 1024 - len(BODY) + excess)
            keys = RemoteKeys(server.url)
            try:
                await keys.prefetch()
            except TokenError:
                assert not ready
            assert keys.ready is ready
            await keys.close()


async def test_a_body_that_drips_is_given_up_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """J11: the time is limited as a whole, not from one byte to the next."""
    monkeypatch.setattr("services.shared.auth.fetch.DEADLINE", 0.4)

    async def respond(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for byte in BODY:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    async with key_server() as server:
        started = asyncio.get_running_loop().time()
        taken, tally = await outcome_of_refresh(server, replying(server, respond))
        assert asyncio.get_running_loop().time() - started < 2
    assert taken
    assert tally.key_refreshes["failed"] >= 1
    assert "no complete answer within 0.4 s" in caplog.text


async def test_a_connection_that_is_cut_is_a_failed_refresh() -> None:
    async def respond(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + BODY[:100])

    async with key_server() as server:
        taken, _ = await outcome_of_refresh(server, replying(server, respond))
    assert taken


async def test_a_server_that_is_gone_is_a_failed_refresh() -> None:
    async with key_server() as server:
        keys = RemoteKeys(server.url)
    with pytest.raises(TokenError) as refusal:
        await keys.prefetch()
    assert refusal.value.code.value == "keys_unavailable"
    await keys.close()


async def test_compressed_bodies_are_neither_asked_for_nor_unfolded() -> None:
    async with key_server() as server:

        def spoil() -> None:
            server.headers = "Content-Encoding: gzip\r\n"
            server.body = json.dumps(ATTACKER).encode()

        await RemoteKeys(server.url).prefetch()
        assert b"accept-encoding: identity" in server.requests[0].lower()
        assert b"authorization" not in server.requests[0].lower()


async def test_what_goes_wrong_is_logged_without_the_body(caplog: pytest.LogCaptureFixture) -> None:
    async with key_server() as server:
        server.body = b'{"keys":"s3cret-in-the-body"}'
        with pytest.raises(TokenError):
            await RemoteKeys(server.url).prefetch()
    assert "could not be refreshed" in caplog.text
    assert "s3cret" not in caplog.text
