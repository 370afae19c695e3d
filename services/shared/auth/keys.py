"""The issuer's public keys (RFC 7517), each held to what Cognito publishes before it is believed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from services.shared.auth.encoding import decode_base64url
from services.shared.auth.header import ALGORITHM

logger = logging.getLogger(__name__)

MAX_KEYS = 100
MODULUS_BITS = range(2048, 4097)
"""RFC 7518 section 3.3 asks for 2048 bits; a modulus far above would make each check slow."""
EXPONENTS = range(65537, 2**32, 2)
"""NIST FIPS 186-5 asks for odd and above 2^16; large ones would make each check slow."""

_PADDING = PKCS1v15()
_HASH = SHA256()
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class KeySetError(ValueError):
    """A key set that must not be believed as a whole."""


class Key:
    """One RSA public key. `live` turns False for good when the issuer withdraws it, and all that leans on it dies."""

    __slots__ = ("_verify", "kid", "live", "numbers")

    def __init__(self, kid: str, public_key: RSAPublicKey) -> None:
        self.kid = kid
        self.numbers = public_key.public_numbers()
        self.live = True
        self._verify = public_key.verify

    def signed(self, signature: bytes, data: bytes) -> bool:
        """Whether `signature` is this key's over `data`: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3)."""
        try:
            self._verify(signature, data, _PADDING, _HASH)
        except InvalidSignature:
            return False
        return True


KeySet = Mapping[str, Key]


def parse_key_set(document: object) -> dict[str, Key]:
    """The usable keys of a JWKS by kid. A key that cannot be used is skipped; KeySetError when the set is in doubt.

    In doubt: not a set, more than MAX_KEYS keys, one kid twice (which of the two is meant?), or no usable key.
    """
    entries = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(entries, list):
        raise KeySetError("the key set has no list of keys")
    if len(entries) > MAX_KEYS:
        raise KeySetError(f"the key set has more than {MAX_KEYS} keys")
    kids = [entry["kid"] for entry in entries if isinstance(entry, Mapping) and isinstance(entry.get("kid"), str)]
    if len(kids) != len(set(kids)):
        raise KeySetError("the key set has two keys of one kid")
    keys: dict[str, Key] = {}
    for position, entry in enumerate(entries):
        try:
            key = _parse_key(entry)
        except ValueError as error:
            logger.warning("key %d of the set is skipped: %s", position, error)
        else:
            keys[key.kid] = key
    if not keys:
        raise KeySetError("the key set has no usable key")
    return keys


def _parse_key(entry: object) -> Key:
    if not isinstance(entry, Mapping):
        raise ValueError("it is no object")
    if entry.keys() & _PRIVATE_MEMBERS:
        raise ValueError("it has private members: whoever published it must replace it")
    kid = entry.get("kid")
    if type(kid) is not str or not kid:
        raise ValueError("its kid is not a non-empty string")
    if entry.get("kty") != "RSA":
        raise ValueError("its kty is not RSA")
    if entry.get("use", "sig") != "sig" or "verify" not in _list(entry.get("key_ops", ["verify"])):
        raise ValueError("it is not for signatures")
    if entry.get("alg", ALGORITHM) != ALGORITHM:
        raise ValueError(f"its alg is not {ALGORITHM}")
    modulus, exponent = _integer(entry.get("n")), _integer(entry.get("e"))
    if modulus.bit_length() not in MODULUS_BITS or modulus % 2 == 0:
        raise ValueError("its modulus is even or not of 2048 to 4096 bits")
    if exponent not in EXPONENTS:
        raise ValueError("its exponent is even, too small or too large")
    return Key(kid, RSAPublicNumbers(exponent, modulus).public_key())


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _integer(value: object) -> int:
    """A Base64urlUInt (RFC 7518 section 2): the shortest big-endian form, and no other."""
    if type(value) is not str:
        raise ValueError("n or e is not a string")
    data = decode_base64url(value.encode("ascii"))
    if data[0] == 0:
        raise ValueError("n or e is not in its shortest form")
    return int.from_bytes(data, "big")
