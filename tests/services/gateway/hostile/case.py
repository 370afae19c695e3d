"""Named requests as attackers, broken clients and impatient ones send them, in groups.

Each request is for a path of its own, `TARGET`, and what it tries to smuggle is for `SMUGGLED`, so that whatever
arrives behind the gateway tells where it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

TARGET = b"/api/v1/products/{case}"
SMUGGLED = b"/api/v1/users/smuggled-by-{case}"
Script = Sequence[bytes | float]
"""What is sent, and seconds of silence in between."""

SMUGGLE = b"GET " + SMUGGLED + b" HTTP/1.1\r\nhost: x\r\n{token}\r\n"
BIG = 70_000
MEGABYTE = 1024 * 1024


class Expected(Enum):
    """What has to become of a request."""

    REFUSED = "answered 4xx (or 501, 505) or closed; nothing arrives"
    SERVED = "arrives once, as it is"
    HARMLESS = "one or the other"


@dataclass(frozen=True)
class Case:
    """`script` has {case} and {token} where the case's own number and the bearer token belong."""

    name: str
    script: Script
    expected: Expected = Expected.REFUSED


def post(fields: bytes, body: bytes = b"hello" + SMUGGLE) -> Script:
    """A POST of these fields, whose framing is theirs to tell."""
    return (b"POST " + TARGET + b" HTTP/1.1\r\nhost: x\r\n{token}" + fields + b"\r\n" + body,)


def get(
    fields: bytes = b"", target: bytes = TARGET, version: bytes = b"HTTP/1.1", host: bytes = b"host: x\r\n"
) -> Script:
    """A GET on a connection that is to be closed."""
    closing = b"connection: close\r\n"
    return (b"GET " + target + b" " + version + b"\r\n" + host + b"{token}" + closing + fields + b"\r\n",)


def shown(data: bytes) -> str:
    """The bytes, for a case's name."""
    return ascii(data.decode("latin-1"))[1:-1][:60]


CHUNKED = b"5\r\nhello\r\n0\r\n\r\n"
