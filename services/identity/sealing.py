"""Sealed text: what it says and what it is for can neither be read nor changed by whoever carries it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class SealError(ValueError):
    """The text was not sealed by us for this purpose, or its key is gone."""


class Sealer:
    """AES-256-GCM under the first of the keys; every key opens, so a key can be replaced without ending sessions."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys`: secret texts, at least one; settings hold them to a length that cannot be guessed."""
        self._ciphers = [AESGCM(hashlib.sha256(key.encode()).digest()) for key in keys]

    def seal(self, purpose: str, text: str) -> str:
        """The text as base64url that only `open` with the same purpose takes."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._ciphers[0].encrypt(nonce, text.encode(), purpose.encode())
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, purpose: str, sealed: str) -> str:
        """The text that was sealed for this purpose; SealError otherwise."""
        try:
            raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise SealError("not base64url") from None
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode()).decode()
            except (InvalidTag, ValueError):
                continue
        raise SealError("no key of ours opens it for this purpose")
