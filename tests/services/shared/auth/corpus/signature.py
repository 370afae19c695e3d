"""Families 61 to 72: signatures that are not quite the issuer's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial

from cryptography.hazmat.primitives import hashes

from services.shared.auth import Code
from tests.services.shared.auth.corpus.algorithm import pss
from tests.services.shared.auth.corpus.case import Case
from tests.services.shared.auth.issuer import (
    SUB,
    compact,
    decode,
    encode,
    good_claims,
    good_header,
    power,
    rsa_key,
    sign,
    token,
)

SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
SHA256_INFO_WITHOUT_NULL = bytes.fromhex("302f300b0609608648016503040201" + "0420")
SIZE = 256


def resigned(change: Callable[[bytes], bytes]) -> str:
    """A good token with its signature changed."""
    signed, _, signature = token().rpartition(".")
    return f"{signed}.{encode(change(decode(signature)))}"


def flipped(bit: int) -> str:
    return resigned(lambda s: (int.from_bytes(s, "big") ^ (1 << bit)).to_bytes(SIZE, "big"))


def value(number: int) -> str:
    return resigned(lambda _: number.to_bytes(SIZE, "big"))


def near_modulus(offset: int) -> str:
    return value(rsa_key("pool").public_key().public_numbers().n + offset)


def plus_modulus() -> str:
    """s + n is the same number modulo n; in 256 bytes if one of some tokens allows it, else in 257."""
    modulus = rsa_key("pool").public_key().public_numbers().n
    text = token()
    for attempt in range(40):
        text = token(jti=f"jti-{attempt}")
        if (int.from_bytes(decode(text.rpartition(".")[2]), "big") + modulus).bit_length() <= 8 * SIZE:
            break
    signed, _, signature = text.rpartition(".")
    total = int.from_bytes(decode(signature), "big") + modulus
    return f"{signed}.{encode(total.to_bytes((total.bit_length() + 7) // 8, 'big'))}"


def encoded(message: Callable[[bytes], bytes]) -> str:
    """A token whose signature is the key's own power of an encoded message of our making, from the digest."""
    signed = token().rpartition(".")[0]
    block = message(hashlib.sha256(signed.encode()).digest())
    assert len(block) == SIZE
    return f"{signed}.{encode(power(int.from_bytes(block, 'big')))}"


def padded(info: bytes) -> Callable[[bytes], bytes]:
    def block(digest: bytes) -> bytes:
        body = info + digest
        return b"\0\1" + b"\xff" * (SIZE - 3 - len(body)) + b"\0" + body

    return block


def short_padding(digest: bytes) -> bytes:
    body = b"\0\1" + b"\xff" * 8 + b"\0" + SHA256_INFO + digest
    return body + b"\x5a" * (SIZE - len(body))


def garbage_in_parameters(digest: bytes) -> bytes:
    """BERserk: the garbage hides where the NULL parameters stand."""
    garbage = bytes([0x04, 0x70]) + b"\x5a" * 0x70
    algorithm = bytes.fromhex("0609608648016503040201") + garbage
    info = b"\x30\x81" + bytes([len(algorithm)]) + algorithm + b"\x04\x20" + digest
    body = b"\x30\x81" + bytes([len(info)]) + info
    return b"\0\1" + b"\xff" * (SIZE - 3 - len(body)) + b"\0" + body


def swapped() -> str:
    """The signature of another token of the same user."""
    return f"{token().rpartition('.')[0]}.{token(jti='another').rpartition('.')[2]}"


def other_payload() -> str:
    header, _, signature = token().split(".")
    return f"{header}.{encode(compact(good_claims(sub=SUB[::-1])))}.{signature}"


def other_header() -> str:
    _, payload, signature = token().split(".")
    return f"{encode(compact(good_header()).replace(b':', b': '))}.{payload}.{signature}"


def makers() -> Iterator[tuple[int, str, Callable[[], str]]]:
    for bit in (0, 1, 1023, 2040):
        yield 61, f"bit-{bit}", partial(flipped, bit)
    yield 62, "payload-changed", other_payload
    yield 63, "header-spaced", other_header
    yield 64, "another-tokens", swapped
    for name, number in (("0", 0), ("1", 1)):
        yield 65, name, partial(value, number)
    for offset in (-1, 0):
        yield 65, f"n{offset or ''}", partial(near_modulus, offset)
    yield 66, "s-plus-n", plus_modulus
    yield 67, "zero-before", lambda: resigned(lambda s: b"\0" + s)
    yield 67, "zero-after", lambda: resigned(lambda s: s + b"\0")
    yield 67, "first-byte-gone", lambda: resigned(lambda s: s[1:])
    yield 67, "half", lambda: resigned(lambda s: s[:129])
    header, body = compact(good_header()), compact(good_claims())
    yield 68, "sha-512", lambda: sign(header, body, digest=hashes.SHA512())
    yield 68, "sha-384", lambda: sign(header, body, digest=hashes.SHA384())
    yield 68, "sha-1", lambda: encoded(lambda _: padded(bytes.fromhex("3021300906052b0e03021a05000414"))(bytes(20)))
    yield 69, "pss", lambda: sign(header, body, scheme=pss())
    yield 70, "no-digest-info", lambda: encoded(padded(b""))
    yield 71, "no-null", lambda: encoded(padded(SHA256_INFO_WITHOUT_NULL))
    yield 72, "short-padding-and-garbage", lambda: encoded(short_padding)
    yield 72, "garbage-in-parameters", lambda: encoded(garbage_in_parameters)
    yield 72, "block-type-2", lambda: encoded(lambda d: b"\0\2" + padded(SHA256_INFO)(d)[2:])


def proof_that_the_tools_work() -> str:
    """What `encoded` makes of the right encoding: a good token, or the cases above would prove nothing."""
    return encoded(padded(SHA256_INFO))


CASES = tuple(Case(family, name, Code.SIGNATURE_INVALID, make) for family, name, make in makers())
