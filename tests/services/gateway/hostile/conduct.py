"""How a client goes about it: upgrades, bodies, connections, slowness."""

from __future__ import annotations

from collections.abc import Iterator

from tests.services.gateway.hostile.case import MEGABYTE, SMUGGLE, TARGET, Case, Expected, Script, get, post


def upgrades() -> Iterator[Case]:
    upgrade = b"connection: upgrade\r\nupgrade: "
    for name, rest in {
        "h2c with a body": b"h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\ncontent-length: 5\r\n",
        "anything with a body": b"foo\r\ncontent-length: 5\r\n",
        "anything with chunks": b"foo\r\ntransfer-encoding: chunked\r\n",
        "websocket with a body": b"websocket\r\nsec-websocket-version: 13\r\ncontent-length: 5\r\n",
    }.items():
        yield Case(f"upgrade: {name}", post(upgrade + rest))
    for name, rest in {"h2c": b"h2c\r\n", "websocket": b"websocket\r\nsec-websocket-key: eA==\r\n"}.items():
        start = b"GET " + TARGET + b" HTTP/1.1\r\nhost: x\r\n{token}" + upgrade + rest + b"\r\n"
        yield Case(f"upgrade: {name} with a request behind", (start + SMUGGLE,), Expected.HARMLESS)
    connect = b"CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example:443\r\n{token}\r\n"
    yield Case("upgrade: a tunnel", (connect + SMUGGLE,))


def expectations() -> Iterator[Case]:
    asking = b"expect: 100-continue\r\n"
    yield Case("expect: a body too large", post(asking + b"content-length: 99999999\r\n", b""))
    yield Case("expect: refused, then another request", post(asking + b"host: y\r\ncontent-length: 5\r\n", SMUGGLE))
    served = post(asking + b"connection: close\r\ncontent-length: 5\r\n", b"")
    yield Case("expect: the body after a moment", (*served, 0.1, b"hello"), Expected.SERVED)
    odd = post(b"expect: something\r\nconnection: close\r\ncontent-length: 5\r\n", b"hello")
    yield Case("expect: something else", odd, Expected.HARMLESS)


def bodies() -> Iterator[Case]:
    yield Case("body: larger than allowed by its length", post(b"content-length: 1048577\r\n", b"x" * (MEGABYTE + 1)))
    piece = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    yield Case(
        "body: larger than allowed in chunks", post(b"transfer-encoding: chunked\r\n", piece * 33 + b"0\r\n\r\n")
    )
    yield Case("body: shorter than its length", post(b"content-length: 500\r\n", b"hello"))
    yield Case("body: shorter than its chunks", post(b"transfer-encoding: chunked\r\n", b"500\r\nhello"))
    yield Case("body: without the last chunk", post(b"transfer-encoding: chunked\r\n", b"5\r\nhello\r\n"))
    for method in (b"GET", b"DELETE", b"OPTIONS"):
        start = (
            method
            + b" "
            + TARGET
            + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{token}content-length: 5\r\n\r\nhello"
        )
        yield Case(f"body: of a {method.decode()}", (start,), Expected.SERVED)
    exact = post(b"connection: close\r\ncontent-length: 1048576\r\n", b"x" * MEGABYTE)
    yield Case("body: as large as allowed", exact, Expected.SERVED)


def connections() -> Iterator[Case]:
    valid = get()[0]
    assert isinstance(valid, bytes)
    yield Case("a request after one that closes", (valid + SMUGGLE,), Expected.HARMLESS)
    yield Case("garbage after a request that closes", (valid + b"\x00\xff garbage\r\n\r\n",), Expected.HARMLESS)
    yield Case("a body after a request that has none", (valid + b"hello" + SMUGGLE,), Expected.HARMLESS)
    start = b"GET " + TARGET + b"-{case} HTTP/1.1\r\nhost: x\r\n{token}\r\n"
    yield Case("200 requests without waiting for an answer", (start * 200,), Expected.HARMLESS)
    for name, data in {
        "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
        "an SSH banner": b"SSH-2.0-OpenSSH_9.2\r\n",
        "a mail greeting": b"EHLO example.com\r\nMAIL FROM:<a@b>\r\n",
        "a database hello": b"\x00\x00\x00\x08\x04\xd2\x16\x2f",
        "zeros": b"\x00" * 100_000,
        "letters without an end": b"A" * 100_000,
        "line ends without an end": b"\r\n" * 50_000,
        "a proxy protocol line": b"PROXY TCP4 6.6.6.6 127.0.0.1 1 2\r\n" + valid,
        "an answer": b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "half a line": b"GET /api/v1/pro",
        "half a head": b"GET /api/v1/products HTTP/1.1\r\nhost: x\r\n",
    }.items():
        yield Case(f"connection: {name}", (data,))


def slowness() -> Iterator[Case]:
    def trickle(piece: bytes, times: int) -> Script:
        return [part for _ in range(times) for part in (piece, 0.1)]

    def drip(data: bytes) -> Script:
        return [part for byte in data for part in (bytes([byte]), 0.1)]

    head = b"GET /api/v1/products HTTP/1.1\r\nhost: x\r\nx-padding: " + b"a" * 30
    start = b"POST " + TARGET + b" HTTP/1.1\r\nhost: x\r\n{token}"
    yield Case("slow: a head, byte by byte", drip(head))
    yield Case("slow: a field every now and then", (head, *trickle(b"\r\nx: y", 30)))
    yield Case("slow: line ends before the request", drip(b"\r\n" * 25))
    yield Case("slow: silence in the line", (b"GET ", 4.0))
    yield Case("slow: silence in the head", (head, 4.0))
    yield Case("slow: silence before the body", (start + b"content-length: 50\r\n\r\n", 4.0))
    yield Case("slow: silence in the body", (start + b"content-length: 50\r\n\r\nhello", 4.0))
    yield Case("slow: a body, byte by byte", (start + b"content-length: 90\r\n\r\n", *drip(b"x" * 40)))
    yield Case("slow: chunks, one by one", (start + b"transfer-encoding: chunked\r\n\r\n", *trickle(b"1\r\nx\r\n", 40)))
    chunk = b"transfer-encoding: chunked\r\n\r\n"
    yield Case("slow: a chunk's size, digit by digit", (start + chunk, *drip(b"0" * 40)))
    yield Case("slow: an extension, byte by byte", (start + chunk + b"5;", *drip(b"x" * 40)))
    yield Case("slow: trailers, byte by byte", (start + chunk + b"5\r\nhello\r\n0\r\n", *drip(b"x: " + b"y" * 40)))
