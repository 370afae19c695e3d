"""Base64url and JSON in exactly one spelling each: what decodes here decodes the same way everywhere."""

from __future__ import annotations

import json
from binascii import a2b_base64
from typing import Any

import msgspec

_URL_SAFE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# Every byte outside the URL-safe alphabet, "=" and the standard "+" and "/" included, becomes one that none accepts.
_TO_STANDARD = bytes(_STANDARD[_URL_SAFE.index(byte)] if byte in _URL_SAFE else ord("!") for byte in range(256))
_PADDING = (b"", b"", b"==", b"=")
# RFC 4648 section 3.5: the bits of the last character that encode nothing must be zero. By length modulo 4.
_CANONICAL_ENDS = tuple(map(frozenset, (_URL_SAFE, b"", _URL_SAFE[::16], _URL_SAFE[::4])))

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class DuplicateMemberError(ValueError):
    """A JSON object names one member twice."""

    def __init__(self, name: str) -> None:
        super().__init__("a member is repeated")
        self.name = name


def decode_base64url(segment: bytes) -> bytes:
    """The bytes of a non-empty unpadded base64url segment (RFC 7515 section 2); ValueError for any other spelling."""
    remainder = len(segment) & 3
    if not segment or segment[-1] not in _CANONICAL_ENDS[remainder]:
        raise ValueError("not canonical base64url")
    return a2b_base64(segment.translate(_TO_STANDARD) + _PADDING[remainder], strict_mode=True)


def decode_object(text: bytes) -> dict[str, Any]:
    """The non-empty JSON object that `text` spells, without duplicate members at any depth (RFC 8725 section 3.4).

    Raises ValueError, DuplicateMemberError among them, or RecursionError when it is nested too deeply.
    """
    value = _decode(text)
    # Nothing that holds a duplicate comes back the same when encoded again, so the slower look is for oddly
    # spelled text alone. Cognito escapes slashes, as JSON allows.
    if _encode(value) != text.replace(b"\\/", b"/"):
        json.loads(text, object_pairs_hook=_refuse_duplicates)
    if type(value) is not dict or not value:
        raise ValueError("not a JSON object with members")
    return value


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise DuplicateMemberError(name)
        seen.add(name)
