"""The request line and its fields."""

from __future__ import annotations

from collections.abc import Iterator

from tests.services.gateway.hostile.case import BIG, TARGET, Case, Expected, get, shown


def fields() -> Iterator[Case]:
    for name, field in {
        "a blank in a name": b"x y: 1\r\n",
        "a tab in a name": b"x\ty: 1\r\n",
        "a NUL in a name": b"x\x00y: 1\r\n",
        "a byte beyond ASCII in a name": b"x\xff: 1\r\n",
        "brackets in a name": b"(x): 1\r\n",
        "a slash in a name": b"x/y: 1\r\n",
        "a quote in a name": b'"x": 1\r\n',
        "no name": b": 1\r\n",
        "no colon": b"nothing\r\n",
        "a blank before the colon": b"x : 1\r\n",
        "a NUL in a value": b"x: a\x00b\r\n",
        "a control byte in a value": b"x: a\x01b\r\n",
        "a DEL in a value": b"x: a\x7fb\r\n",
        "a bare carriage return in a value": b"x: a\rb\r\n",
        "a bare line feed in a value": b"x: a\n b\r\n",
        "a folded value": b"x: a\r\n b\r\n",
        "a value of 70 kB": b"x: " + b"a" * BIG + b"\r\n",
        "a name of 70 kB": b"a" * BIG + b": x\r\n",
        "5,000 fields": b"x-field: aaaaaaaaaa\r\n" * 5000,
        "two authorizations": b"{token}",
        "two content types": b"content-type: a/b\r\ncontent-type: c/d\r\n",
        "two request ids": b"x-request-id: a\r\nx-request-id: b\r\n",
        "a line of 70 kB that never ends": b"x: " + b"a" * BIG,
    }.items():
        yield Case(f"fields: {name}", get(field))
    for name, field in {
        "a byte beyond ASCII in a value": b"x: M\xfcller\r\n",
        "an empty value": b"x:\r\n",
        "500 fields": b"x-field: a\r\n" * 500,
        "a forged forwarding": b"x-forwarded-for: 6.6.6.6\r\nforwarded: for=6.6.6.6\r\nx-real-ip: 6.6.6.6\r\n",
    }.items():
        yield Case(f"fields: {name}", get(field), Expected.SERVED)
    folded_first = b"GET " + TARGET + b" HTTP/1.1\r\n host: x\r\n{token}\r\n"
    yield Case("fields: the first one is folded", (folded_first,))


def hosts() -> Iterator[Case]:
    for name, host in {
        "none": b"",
        "empty": b"host:\r\n",
        "two": b"host: x\r\nhost: y\r\n",
        "the same twice": b"host: x\r\nhost: x\r\n",
        "with a path": b"host: x/y\r\n",
        "with a user": b"host: user@x\r\n",
        "with a blank": b"host: x y\r\n",
        "a list": b"host: x, y\r\n",
        "a port of letters": b"host: x:http\r\n",
        "a port too long": b"host: x:999999\r\n",
        "an open bracket": b"host: [::1\r\n",
        "an address": b"host: http://x\r\n",
        "a percent sign": b"host: x%00\r\n",
        "a NUL": b"host: x\x00\r\n",
        "a backslash": b"host: x\\y\r\n",
        "a query": b"host: x?y\r\n",
        "a fragment": b"host: x#y\r\n",
        "a byte beyond ASCII": b"host: \xff\r\n",
        "a blank before the colon": b"host : x\r\n",
        "folded": b"host: x\r\n y\r\n",
    }.items():
        yield Case(f"host: {name}", get(host=host))
    yield Case("host: an IPv6 address with a port", get(host=b"host: [::1]:80\r\n"), Expected.SERVED)


def targets() -> Iterator[Case]:
    base = b"/api/v1/products/"
    for tail in (
        b"../users/me", b"%2e%2e/users/me", b"%2E./users", b".%2e/users", b"./1", b"..", b".", b"%2e", b"..%2fusers",
        b"a%2fb", b"a%2Fb", b"a%5cb", b"a\\b", b"..\\users", b"/1", b"a//b", b"%00", b"a%00b", b"%0d%0ax: y",
        b"%0a", b"%7f",
        b"%1f", b"%", b"%zz", b"%1", b"%u0041", b"a|b", b"<x>", b'a"b', b"a{{}}b", b"a^b", b"a`b", b"a\xffb",
        b"a\xc3\xa4b",
        b"a\x01b", b"a\x00b", b"a\x7fb", b"a\tb", b"a b", b"a#b", b"?q=%zz", b"?q=a|b", b"?q=\xff", b'?q="',
        b"?q=%", b"x" * BIG,
        b"?q=" + b"x" * BIG,
    ):  # fmt: skip
        yield Case(f"target {shown(tail)}", get(target=base + tail))
    for target in (
        b"*", b"x", b"api/v1/products", b"//api/v1/products", b"\\api\\v1\\products", b"evil.example:80",
        b"http:/api/v1/products",
        b"?q=1", b"", b"ftp://x/api/v1/products", b"http://x", b"http://", b"https://x:y/api/v1/products",
    ):  # fmt: skip
        yield Case(f"target {shown(target)}", get(target=target))
    for name, target in {
        "absolute form": b"http://evil.example" + TARGET,
        "dots encoded twice": TARGET + b"%252e%252e",
        "a parameter after dots": TARGET + b"/..;/x",
    }.items():
        yield Case(f"target: {name}", get(target=target), Expected.HARMLESS)


def versions() -> Iterator[Case]:
    for version in (
        b"HTTP/0.9", b"HTTP/2.0", b"HTTP/2", b"HTTP/3.0", b"HTTP/1.2", b"HTTP/1", b"HTTP/11", b"HTTP/1.10",
        b"HTTP/1.1x",
        b"http/1.1", b"HTTQ/1.1", b"HTTP /1.1", b"HTTP/ 1.1", b"HTTP/1,1", b"HTTP/-1.1", b"HTTP/1.1\x00", b"ICE/1.0",
        b"HTTPS/1.1", b"HTTP",
    ):  # fmt: skip
        yield Case(f"version {shown(version)}", get(version=version))
    yield Case("version left out", (b"GET " + TARGET + b"\r\n\r\n",))
    yield Case("version left out, fields there", (b"GET " + TARGET + b"\r\nhost: x\r\n{token}\r\n",))
    yield Case("the preface of HTTP/2", (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",))
    # The parser takes it for HTTP/1.0.
    yield Case("version RTSP/1.0", get(version=b"RTSP/1.0"))
    late = b"GET " + TARGET + b" RT", 0.1, b"SP/1.0\r\nhost: x\r\nuser-agent: " + TARGET + b" HTTP/1.0\r\n{token}\r\n"
    yield Case("version RTSP/1.0 in two parts", late)
    yield Case("version 1.0", get(version=b"HTTP/1.0"), Expected.SERVED)


def methods() -> Iterator[Case]:
    for method in (
        b"TRACE", b"CONNECT", b"PROPFIND", b"MKCOL", b"PURGE", b"M-SEARCH", b"SOURCE", b"DESCRIBE", b"QUERY",
        b"get", b"Get", b"GETX",
        b"G", b"GE T", b"G@T", b"GET\x00", b"\xffGET", b"X" * 5000, b"GET\t", b" GET", b"PRI", b"",
    ):  # fmt: skip
        start = method + b" " + TARGET + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{token}\r\n"
        yield Case(f"method {shown(method)}", (start,))
    yield Case("an empty line before the request", (b"\r\n", *get()), Expected.SERVED)
