"""Codes of an authenticator app, for a pool that asks everybody for one (RFC 6238)."""

from __future__ import annotations

import base64
import hmac
import struct
import time

PERIOD_S = 30


class Authenticator:
    """An app that knows `secret` (base32). The pool takes a code once, so each waits for a new period."""

    def __init__(self, secret: str) -> None:
        self._key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
        self._last = 0

    def code(self) -> str:
        """Six digits that have not been used yet; waits up to 30 seconds for them."""
        while (period := int(time.time()) // PERIOD_S) == self._last:
            time.sleep(1)
        self._last = period
        digest = hmac.digest(self._key, struct.pack(">Q", period), "sha1")
        offset = digest[-1] & 0xF
        number: int = struct.unpack(">I", digest[offset : offset + 4])[0]
        return f"{(number & 0x7FFFFFFF) % 1_000_000:06d}"
