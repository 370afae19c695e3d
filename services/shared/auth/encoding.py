"""Base64url and JSON in exactly one spelling each: what decodes here decodes the same way everywhere."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import msgspec

_URL_SAFE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# Every byte outside the URL-safe alphabet, "=" and the standard "+" and "/" included, becomes one that none accepts.
_TO_STANDARD = bytes(_STANDARD[_URL_SAFE.index(byte)] if byte in _URL_SAFE else ord("!") for byte in range(256))
_PADDING = (b"", b"", b"==", b"=")
# RFC 4648 section 3.5: the bits of the last character that encode nothing must be zero. By length modulo 4.
_CANONICAL_ENDS = tuple(map(frozenset, (_URL_SAFE, b"", _URL_SAFE[::16], _URL_SAFE[::4])))

MAX_DEPTH = 16
"""Containers within containers of a claim: far beyond use, far below what recursion bears."""

_decode = msgspec.json.Decoder().decode
_decode_flat = msgspec.json.Decoder(dict[str, str | int | float | bool | tuple[str, ...] | None]).decode
_decode_bytes = msgspec.json.Decoder(bytes).decode
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
    # msgspec reads bytes as a JSON string of base64 three times as fast as binascii does, and as strictly; nothing
    # that could end or escape that string is left after the translation.
    return _decode_bytes(b'"%b%b"' % (segment.translate(_TO_STANDARD), _PADDING[remainder]))


def decode_object(text: bytes) -> dict[str, Any]:
    """The non-empty JSON object that `text` spells, without duplicate members at any depth (RFC 8725 section 3.4).

    Raises ValueError, DuplicateMemberError among them, or RecursionError when it is nested too deeply.
    """
    value = _decode(text)
    if type(value) is not dict:
        raise ValueError("not a JSON object")
    return _without_duplicates(value, text)


def decode_frozen_object(text: bytes) -> dict[str, Any]:
    """As decode_object, but its values are frozen: arrays are tuples, objects read-only, MAX_DEPTH deep at most."""
    try:
        return _without_duplicates(_decode_flat(text), text)
    except msgspec.ValidationError:  # there is more in it than strings, numbers and lists of strings
        return {name: _frozen(value, MAX_DEPTH) for name, value in decode_object(text).items()}


def _without_duplicates(value: dict[str, Any], text: bytes) -> dict[str, Any]:
    if not value:
        raise ValueError("an empty JSON object")
    # Nothing that holds a duplicate comes back the same when encoded again, so the slower look is for oddly
    # spelled text alone. Slashes may be escaped, and some of Cognito's are.
    again = _encode(value)
    if again != text and again != text.replace(b"\\/", b"/"):
        json.loads(text, object_pairs_hook=_refuse_duplicates)
    return value


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise DuplicateMemberError(name)
        seen.add(name)


def _frozen(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is not list and kind is not dict:
        return value
    if not depth:
        raise ValueError("nested too deeply")
    if kind is list:
        return tuple([_frozen(member, depth - 1) for member in value])
    return MappingProxyType({name: _frozen(member, depth - 1) for name, member in value.items()})
