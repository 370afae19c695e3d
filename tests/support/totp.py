"""What an authenticator app shows (RFC 6238, with the defaults of RFC 4226)."""

from __future__ import annotations

import base64
import hmac
import struct
import time

STEP_SECONDS = 30


def totp(secret: str, *, steps: int = 0) -> str:
    """The six digits of now, or of `steps` steps away."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    counter = int(time.time()) // STEP_SECONDS + steps
    mac = hmac.digest(key, struct.pack(">Q", counter), "sha1")
    offset = mac[-1] & 0xF
    (number,) = struct.unpack(">I", mac[offset : offset + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06d}"
