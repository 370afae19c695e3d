"""Where a body begins and ends: what smuggling plays with."""

from __future__ import annotations

from collections.abc import Iterator

from tests.services.gateway.hostile.case import BIG, CHUNKED, SMUGGLE, Case, Expected, post, shown


def framing() -> Iterator[Case]:
    te = b"transfer-encoding: "
    for value in (
        b"chunked, identity", b"identity, chunked", b"chunked, chunked", b"xchunked", b"chunkedx", b"chunked;q=1",
        b"gzip", b"identity", b"", b"chunked\x0b", b"\x0bchunked", b"\x00chunked", b'"chunked"', b"chun ked",
        b"chunked\x00", b"cow, chunked, x", b"\xffchunked",
    ):  # fmt: skip
        yield Case(f"transfer-encoding {shown(value)}", post(te + value + b"\r\n", CHUNKED + SMUGGLE))
        yield Case(
            f"length and transfer-encoding {shown(value)}", post(b"content-length: 5\r\n" + te + value + b"\r\n")
        )
    for value in (b"Chunked", b"gzip, chunked", b"\tchunked", b"chunked\t", b"chunked,", b",chunked"):
        case = post(te + value + b"\r\nconnection: close\r\n", CHUNKED)
        yield Case(f"transfer-encoding {shown(value)}", case, Expected.HARMLESS)
    both = b"transfer-encoding: chunked\r\n"
    for name, fields in {
        "length, then chunked": b"content-length: 5\r\n" + both,
        "chunked, then length": both + b"content-length: 5\r\n",
        "chunked, then length 0": both + b"content-length: 0\r\n",
        "chunked on two lines": both + both + b"content-length: 5\r\n",
        "chunked and identity on two lines": both + b"transfer-encoding: identity\r\n",
        "a blank before the colon of chunked": b"transfer-encoding : chunked\r\n",
        "a tab before the colon of chunked": b"transfer-encoding\t: chunked\r\n",
        "chunked on a folded line": b"transfer-encoding:\r\n chunked\r\n",
        "chunked as a fold of another field": b"x: y\r\n transfer-encoding: chunked\r\n",
        "chunked after a bare line feed": b"x: y\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "chunked after a bare carriage return": b"x: y\rtransfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "two lengths": b"content-length: 5\r\ncontent-length: 6\r\n",
        "two lengths, one 0": b"content-length: 0\r\ncontent-length: 5\r\n",
        "a blank before the colon of length": b"content-length : 5\r\n",
        "length on a folded line": b"content-length:\r\n 5\r\n",
        "length after a bare line feed": b"x: y\ncontent-length: 5\r\n",
    }.items():
        yield Case(name, post(fields, CHUNKED + SMUGGLE))
    hidden = post(b"transfer_encoding: chunked\r\ncontent-length: 5\r\nconnection: close\r\n", b"hello")
    yield Case("chunked with an underscore is no framing", hidden, Expected.SERVED)


def lengths() -> Iterator[Case]:
    for value in (
        b"+5", b"-5", b"-0", b"5,5", b"5, 6", b"0, 5", b"5 5", b"0x5", b"5.0", b"5e0", b"1_0", b"five", b"5;", b"5\x00",
        b"\x0b5", b"\xef\xbc\x95", b'"5"', b"99999999999999999999", b"18446744073709551621", b"4294967301",
        b"9223372036854775808", b"", b"5 \x0c",
    ):  # fmt: skip
        yield Case(f"content-length {shown(value)}", post(b"content-length: " + value + b"\r\n"))
    for value in (b"005", b" 5", b"5 ", b"\t5"):
        case = post(b"connection: close\r\ncontent-length: " + value + b"\r\n", b"hello")
        yield Case(f"content-length {shown(value)}", case, Expected.HARMLESS)


def chunks() -> Iterator[Case]:
    for name, body in {
        "size -1": b"-1\r\nhello\r\n0\r\n\r\n",
        "size +5": b"+5\r\nhello\r\n0\r\n\r\n",
        "size 0x5": b"0x5\r\nhello\r\n0\r\n\r\n",
        "size g": b"g\r\nhello\r\n0\r\n\r\n",
        "no size": b"\r\nhello\r\n0\r\n\r\n",
        "a blank before the size": b" 5\r\nhello\r\n0\r\n\r\n",
        "a blank after the size": b"5 \r\nhello\r\n0\r\n\r\n",
        "a size that overflows": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
        "a size of 16 F": b"FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
        "a size above the limit": b"200000\r\nhello\r\n",
        "a bare line feed after the size": b"5\nhello\r\n0\r\n\r\n",
        "a bare carriage return after the size": b"5\rhello\r\n0\r\n\r\n",
        "a bare line feed in an extension": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
        "a bare line feed after an extension": b"5;\nhello\r\n0\r\n\r\n",
        "more data than the size says": b"5\r\nhello!\r\n0\r\n\r\n",
        "less data than the size says": b"6\r\nhello\r\n0\r\n\r\n",
        "no line end after the data": b"5\r\nhello0\r\n\r\n",
        "a bare line feed after the data": b"5\r\nhello\n0\r\n\r\n",
        "size in full-width digits": b"\xef\xbc\x95\r\nhello\r\n0\r\n\r\n",
        "a NUL in the size": b"5\x00\r\nhello\r\n0\r\n\r\n",
        "an extension of 70 kB": b"5;" + b"a" * BIG + b"\r\nhello\r\n0\r\n\r\n",
        "20,000 chunks of one byte": b"1\r\na\r\n" * 20_000 + b"0\r\n\r\n",
        "a trailer of 70 kB": b"5\r\nhello\r\n0\r\nx: " + b"a" * BIG + b"\r\n\r\n",
        "a trailer that is no field": b"5\r\nhello\r\n0\r\nno colon\r\n\r\n",
        "a folded trailer": b"5\r\nhello\r\n0\r\nx: y\r\n z\r\n\r\n",
    }.items():
        yield Case(f"chunks: {name}", post(b"transfer-encoding: chunked\r\n", body + SMUGGLE))
    for name, body in {
        "an extension": b"5;a=b\r\nhello\r\n0\r\n\r\n",
        "leading zeros": b"0000005\r\nhello\r\n0\r\n\r\n",
        "a length in a trailer": b"5\r\nhello\r\n0\r\ncontent-length: 9\r\n\r\n",
        "a host in a trailer": b"5\r\nhello\r\n0\r\nhost: evil\r\n\r\n",
    }.items():
        case = post(b"connection: close\r\ntransfer-encoding: chunked\r\n", body)
        yield Case(f"chunks: {name}", case, Expected.HARMLESS)
