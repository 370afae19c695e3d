"""Families 1 to 19: talking the verifier into another algorithm."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from functools import partial
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.shared.auth import Code
from tests.services.shared.auth.corpus.case import Case
from tests.services.shared.auth.issuer import (
    GONE,
    KID,
    compact,
    encode,
    good_claims,
    good_header,
    jwk_of,
    rsa_key,
    sign,
    token,
)


def unsigned(alg: Any, signature: str = "") -> str:
    return f"{encode(compact(good_header(alg=alg)))}.{encode(compact(good_claims()))}.{signature}"


def hmac_token(alg: str, secret: bytes, digest: str = "sha256") -> str:
    signed = unsigned(alg)[:-1]
    return f"{signed}.{encode(hmac.digest(secret, signed.encode(), digest))}"


def public_forms() -> Iterator[tuple[int, str, Any]]:
    """What a verifier might mistake for a shared secret."""

    def public() -> RSAPublicKey:
        return rsa_key("pool").public_key()

    def jwk() -> dict[str, Any]:
        return jwk_of(rsa_key("pool"), KID)

    def pem() -> bytes:
        return public().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    yield 6, "pem", pem
    yield 7, "pem-without-newline", lambda: pem().rstrip()
    yield 7, "pem-with-leading-space", lambda: b" " + pem()
    yield 8, "pkcs1-pem", lambda: public().public_bytes(Encoding.PEM, PublicFormat.PKCS1)
    yield 9, "der", lambda: public().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    yield 10, "modulus", lambda: public().public_numbers().n.to_bytes(256, "big")
    yield 11, "n-text", lambda: str(jwk()["n"]).encode()
    yield 12, "empty", lambda: b""
    yield 13, "jwk-json", lambda: compact(jwk())


def elliptic(signature: bytes | None) -> str:
    signed = unsigned("ES256")[:-1]
    if signature is None:
        signature = ec.generate_private_key(ec.SECP256R1()).sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
    return f"{signed}.{encode(signature)}"


def edwards() -> str:
    signed = unsigned("EdDSA")[:-1]
    return f"{signed}.{encode(ed25519.Ed25519PrivateKey.generate().sign(signed.encode()))}"


def doubled(first: str, second: str) -> str:
    header = f'{{"alg":"{first}","kid":"{good_header()["kid"]}","alg":"{second}"}}'
    return sign(header.encode(), compact(good_claims()))


def pss() -> padding.PSS:
    return padding.PSS(padding.MGF1(hashes.SHA256()), 32)


def cases() -> Iterator[Case]:
    def case(family: int, name: str, make: Any) -> Case:
        return Case(family, name, Code.ALG_NOT_ALLOWED, make)

    for alg in ("none", "None", "NONE", "nOnE"):
        yield case(1, alg, partial(unsigned, alg))
        yield case(2, f"{alg}-with-signature", partial(token, {"alg": alg}))
    yield case(3, "missing", lambda: token({"alg": GONE}))
    for name, value in (("null", None), ("empty", ""), ("number", 256), ("list", ["RS256"]), ("object", {"RS256": 1})):
        yield case(4, name, partial(token, {"alg": value}))
    yield case(5, "lower-case", lambda: token({"alg": "rs256"}))
    yield case(5, "trailing-space", lambda: token({"alg": "RS256 "}))
    for family, name, secret in public_forms():
        yield case(family, f"hs256-{name}", lambda secret=secret: hmac_token("HS256", secret()))
    yield case(
        14,
        "hs512",
        lambda: hmac_token("HS512", jwk_of(rsa_key("pool"), KID)["n"].encode(), "sha512"),
    )
    body = compact(good_claims())
    yield case(15, "rs512", lambda: sign(compact(good_header(alg="RS512")), body, digest=hashes.SHA512()))
    yield case(15, "ps256", lambda: sign(compact(good_header(alg="PS256")), body, scheme=pss()))
    yield case(16, "es256-zero", lambda: elliptic(bytes(64)))
    yield case(16, "es256-zero-der", lambda: elliptic(bytes.fromhex("3006020100020100")))
    yield case(17, "es256-attacker", lambda: elliptic(None))
    yield case(17, "eddsa-attacker", edwards)
    yield case(18, "good-first", lambda: doubled("RS256", "none"))
    yield case(18, "good-last", lambda: doubled("none", "RS256"))
    yield case(19, "says-rs512-signed-rs256", lambda: token({"alg": "RS512"}))
    yield case(19, "says-ps256-signed-rs256", lambda: token({"alg": "PS256"}))


CASES = tuple(cases())
