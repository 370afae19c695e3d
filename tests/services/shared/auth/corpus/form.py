"""Families 40 to 60: other spellings of a token, and things that are no token at all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from services.shared.auth import Code
from tests.services.shared.auth.corpus.case import Case
from tests.services.shared.auth.issuer import (
    KID,
    compact,
    encode,
    good_claims,
    good_header,
    sign,
    token,
)

MALFORMED, TOO_LARGE = Code.TOKEN_MALFORMED, Code.TOKEN_TOO_LARGE
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def parts() -> list[str]:
    return token().split(".")


def with_part(index: int, change: Any) -> str:
    segments = parts()
    segments[index] = change(segments[index])
    return ".".join(segments)


def with_unused_bit(index: int) -> str:
    """A segment of which the last character differs in bits that encode nothing."""
    header, payload = compact(good_header()), compact(good_claims())
    header += b" " * (1 - len(header) % 3)
    payload += b" " * (1 - len(payload) % 3)
    segments = sign(header, payload).split(".")
    last = ALPHABET[ALPHABET.index(segments[index][-1]) ^ 1]
    segments[index] = segments[index][:-1] + last
    return ".".join(segments)


def with_standard_alphabet(index: int) -> str:
    """The segment spelled with + and /, of a token that has - or _ there."""
    for attempt in range(1000):
        segments = token(name="?>~" * (attempt + 1)).split(".")
        plain = segments[index].replace("-", "+").replace("_", "/")
        if plain != segments[index]:
            segments[index] = plain
            return ".".join(segments)
    raise AssertionError("no such token came up")


def json_serialised(flattened: bool) -> str:
    header, payload, signature = parts()
    signed = {"protected": header, "signature": signature}
    whole = {"payload": payload, **signed} if flattened else {"payload": payload, "signatures": [signed]}
    return compact(whole).decode()


def spellings() -> Iterator[tuple[int, str, Any]]:
    """Tokens that some lenient parser would take for the good one."""
    yield 40, "blank", lambda: "   "
    for dots in (".", "..", "..."):
        yield 41, f"{len(dots)}-dots", lambda dots=dots: dots
    yield 42, "one-segment", lambda: parts()[0]
    yield 42, "two-segments", lambda: ".".join(parts()[:2])
    yield 42, "four-segments", lambda: f"{token()}.{parts()[2]}"
    yield 42, "five-segments", lambda: f"{token()}.{parts()[1]}.{parts()[2]}"
    yield 43, "leading-dot", lambda: f".{token()}"
    yield 43, "trailing-dot", lambda: f"{token()}."
    for index, name in enumerate(("header", "payload", "signature")):
        yield 44, f"empty-{name}", partial(with_part, index, lambda _: "")
        yield 49, f"padded-{name}", partial(with_part, index, lambda s: s + "=" * (-len(s) % 4 or 1))
        yield 50, f"equals-inside-{name}", partial(with_part, index, lambda s: f"{s[:5]}={s[5:]}")
        yield 51, f"junk-in-{name}", partial(with_part, index, lambda s: f"{s}!!!!")
        yield 53, f"unused-bits-{name}", partial(with_unused_bit, index)
    for name, space in (("space", " "), ("newline", "\n"), ("tab", "\t"), ("crlf", "\r\n")):
        yield 45, f"{name}-before", lambda space=space: space + token()
        yield 45, f"{name}-after", lambda space=space: token() + space
        yield 45, f"{name}-inside", lambda space=space: token()[:500] + space + token()[500:]
        yield 45, f"{name}-at-dot", lambda space=space: token().replace(".", f".{space}", 1)
    yield 46, "quoted", lambda: f'"{token()}"'
    yield 46, "bearer-twice", lambda: f"Bearer {token()}"
    yield 46, "comma-joined", lambda: f"{token()},{token()}"
    yield 46, "comma-joined-bearer", lambda: f"{token()}, Bearer {token()}"
    yield 46, "percent-encoded", lambda: token().replace(".", "%2E")
    for name, character in (
        ("nul", "\0"), ("zero-width", "\u200b"), ("full-width", "\uff21"), ("surrogate", "\ud800"), ("latin-1", "é"),
    ):  # fmt: skip
        yield 47, f"{name}-after", lambda character=character: token() + character
        yield 47, f"{name}-inside", lambda character=character: token()[:500] + character + token()[500:]
    yield 48, "json-flattened", lambda: json_serialised(flattened=True)
    yield 48, "json-general", lambda: json_serialised(flattened=False)
    yield 52, "plus-slash-payload", lambda: with_standard_alphabet(1)
    yield 52, "plus-slash-signature", lambda: with_standard_alphabet(2)
    yield 54, "signature-cut-by-one", lambda: with_part(2, lambda s: s[:-1])
    yield 54, "signature-of-one-character", lambda: with_part(2, lambda _: "A")
    yield 56, "8000-dots", lambda: "." * 8000


OBJECTS: tuple[tuple[int, str, bytes], ...] = (
    (57, "not-json", b"hello"),
    (57, "list", b'["RS256"]'),
    (57, "string", b'"RS256"'),
    (57, "number", b"256"),
    (57, "null", b"null"),
    (57, "empty-object", b"{}"),
    (58, "bad-utf-8", b'{"x":"\xff"}'),
    (58, "overlong-utf-8", b'{"x":"\xc0\xaf"}'),
    (58, "utf-8-surrogate", b'{"x":"\xed\xa0\x80"}'),
    (58, "lone-surrogate", b'{"x":"\\ud800"}'),
    (58, "bom", b"\xef\xbb\xbf{}"),
    (58, "trailing-text", b'{"x":1}{"x":2}'),
    (58, "trailing-nul", b'{"x":1}\0'),
    (58, "trailing-comma", b'{"x":1,}'),
    (58, "comment", b'{"x":1}//'),
    (58, "nan", b'{"x":NaN}'),
    (58, "minus-infinity", b'{"x":-Infinity}'),
    (58, "single-quotes", b"{'x':1}"),
    (58, "unquoted", b"{x:1}"),
    (59, "2000-levels-of-lists", b'{"x":' + b"[" * 1000 + b"]" * 1000 + b"}"),
    (59, "unclosed-levels", b"[" * 3000),
)


def merged(good: bytes, odd: bytes) -> bytes:
    """The good object with the odd member in it, so that nothing but its spelling is wrong."""
    return odd if not odd.startswith(b'{"x"') else good[:-1] + b"," + odd[1:]


def objects() -> Iterator[Case]:
    header, payload = compact(good_header()), compact(good_claims())
    for family, name, raw in OBJECTS:
        yield Case(family, f"header-{name}", MALFORMED, partial(sign, merged(header, raw), payload))
        yield Case(60, f"payload-{name}", MALFORMED, partial(sign, header, merged(payload, raw)))
    yield Case(58, "header-utf-16", MALFORMED, lambda: sign(header.decode().encode("utf-16"), payload))
    yield Case(60, "payload-utf-16", MALFORMED, lambda: sign(header, payload.decode().encode("utf-16")))
    digits = b'{"x":' + b"9" * 5000 + b"}"
    yield Case(59, "header-5000-digits", MALFORMED, lambda: f"{encode(digits)}.AA.AA")
    objects = b'{"x":' * 400 + b"1" + b"}" * 400
    yield Case(59, "header-400-objects-deep", Code.HEADER_NOT_ALLOWED, partial(sign, merged(header, objects), payload))
    yield Case(60, "payload-400-objects-deep", MALFORMED, partial(sign, header, merged(payload, objects)))
    yield Case(60, "payload-5000-digits", MALFORMED, lambda: sign(header, merged(payload, digits)))
    yield Case(59, "header-5000-levels", TOO_LARGE, lambda: sign(b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}", payload))


def sizes() -> Iterator[Case]:
    mega = "A" * 1_000_000
    for index, name in enumerate(("header", "payload", "signature")):
        yield Case(55, f"1-mb-{name}", TOO_LARGE, partial(with_part, index, lambda _: mega))
    yield Case(55, "1-mb-of-one-letter", TOO_LARGE, lambda: mega)
    yield Case(55, "one-character-too-many", TOO_LARGE, lambda: token() + "A" * (8193 - len(token())))
    yield Case(56, "100000-dots", TOO_LARGE, lambda: "." * 100_000)


def same(value: Any) -> Any:
    return value


def no_text() -> Iterator[Case]:
    for name, value in (
        ("none", None), ("number", 7), ("list", ["x"]), ("object", {"kid": KID}), ("unhashable", bytearray(b"x")),
    ):  # fmt: skip
        yield Case(40, f"no-text-{name}", MALFORMED, partial(same, value))
    yield Case(40, "no-text-bytes", MALFORMED, lambda: token().encode())


CASES = (
    Case(40, "empty", Code.TOKEN_MISSING, lambda: ""),
    *(Case(family, name, MALFORMED, make) for family, name, make in spellings()),
    *objects(),
    *sizes(),
    *no_text(),
)
