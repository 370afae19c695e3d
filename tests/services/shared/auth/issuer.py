"""A user pool of our own: real keys, and tokens bent in any way a test asks for."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example01"
CLIENT = "1example23456789client0"
KID, OTHER_KID = "abcdefghijklmnopqrsexample=", "fedcba9876543210example="
NOW = 1_800_000_000
SUB = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

GONE: Any = object()
"""As a value in changes: leave this member out."""


def encode(data: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(segment: str) -> bytes:
    """The bytes of unpadded base64url, leniently."""
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def compact(value: object) -> bytes:
    """JSON without spaces, as Cognito spells it."""
    return json.dumps(value, separators=(",", ":")).encode()


def changed(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes`; GONE removes."""
    return {name: value for name, value in {**base, **changes}.items() if value is not GONE}


def number(value: int) -> str:
    """A Base64urlUInt (RFC 7518 section 2)."""
    return encode(value.to_bytes((value.bit_length() + 7) // 8 or 1, "big"))


def jwk_of(key: rsa.RSAPrivateKey, kid: str, **changes: Any) -> dict[str, Any]:
    """The public JWK of `key` as Cognito publishes it."""
    numbers = key.public_key().public_numbers()
    base = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": number(numbers.n), "e": number(numbers.e)}
    return changed(base, changes)


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The key called `name`, made once a test run."""
    del name
    return rsa.generate_private_key(65537, bits)


def good_header(**changes: Any) -> dict[str, Any]:
    """The header of an access token."""
    return changed({"kid": KID, "alg": "RS256"}, changes)


def good_claims(**changes: Any) -> dict[str, Any]:
    """The claims of an access token that was issued a minute ago and lives for another nine."""
    base = {
        "sub": SUB,
        "cognito:groups": ["admin", "editors"],
        "iss": ISSUER,
        "version": 2,
        "client_id": CLIENT,
        "origin_jti": "0a0a0a0a-1111-2222-3333-444444444444",
        "event_id": "0b0b0b0b-1111-2222-3333-444444444444",
        "token_use": "access",
        "scope": "aws.cognito.signin.user.admin api:read",
        "auth_time": NOW - 60,
        "exp": NOW + 540,
        "iat": NOW - 60,
        "jti": "0c0c0c0c-1111-2222-3333-444444444444",
        "username": SUB,
    }
    return changed(base, changes)


def id_claims(**changes: Any) -> dict[str, Any]:
    """The claims of an id token of the same sign-in."""
    access = ("client_id", "scope", "version", "username")
    base = good_claims(**dict.fromkeys(access, GONE), token_use="id", aud=CLIENT, email="ada@example.com")
    return changed({**base, "cognito:username": SUB}, changes)


def sign(
    header: bytes,
    payload: bytes,
    *,
    key: rsa.RSAPrivateKey | None = None,
    scheme: padding.AsymmetricPadding | None = None,
    digest: hashes.HashAlgorithm | None = None,
) -> str:
    """The compact token of these very bytes, by default signed by the pool's key with RS256."""
    signed = f"{encode(header)}.{encode(payload)}"
    signer = key or rsa_key("pool")
    return f"{signed}.{encode(signer.sign(signed.encode(), scheme or padding.PKCS1v15(), digest or hashes.SHA256()))}"


def token(header: Mapping[str, Any] | None = None, key: rsa.RSAPrivateKey | None = None, **claims: Any) -> str:
    """A good access token, but for these changes."""
    return sign(compact(good_header(**(header or {}))), compact(good_claims(**claims)), key=key)


def power(encoded_message: int, key: rsa.RSAPrivateKey | None = None) -> bytes:
    """The raw RSA signature of an encoded message, whatever it is."""
    numbers = (key or rsa_key("pool")).private_numbers()
    return pow(encoded_message, numbers.d, numbers.public_numbers.n).to_bytes(256, "big")


@cache
def key_set() -> dict[str, Any]:
    """The pool's JWKS: two keys, as Cognito has one for access and one for id tokens."""
    return {"keys": [jwk_of(rsa_key("pool"), KID), jwk_of(rsa_key("pool's other"), OTHER_KID)]}
