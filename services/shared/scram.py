"""What Postgres keeps of a password."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

ITERATIONS = 4096
"""Postgres' own default (`scram_iterations`)."""


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """`password` (ASCII, so that SASLprep changes nothing) as Postgres stores it: RFC 5803 as its documentation of
    pg_authid spells it, `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`. ValueError if it is not ASCII.
    """
    if not password.isascii():
        raise ValueError("a database password must be ASCII")
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${ITERATIONS}:{_base64(salt)}${_base64(stored_key)}:{_base64(server_key)}"


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
