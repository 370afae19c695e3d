"""What checking a token costs, beside its peers, in one run.

    python -m benchmarks.auth            the table and the bars, about three minutes
    python -m benchmarks.auth --no-http  without the servers: about one minute
    python -m benchmarks.auth --json     the same as JSON

CPU microseconds a token, contenders interleaved, medians over the rounds; then the same endpoint behind uvicorn under
load. Only ratios within one run mean anything. The bars over HTTP compare requests per second of the server's own CPU,
because requests per second of the clock tell as much about what else the machine does: look at the load it prints.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt as joserfc
from joserfc.jwk import KeySet

from benchmarks import auth_http
from benchmarks.auth_tables import Bar, Report
from services.shared.auth import RemoteKeys, TokenError, verifier
from services.shared.auth.metrics import Tally
from tests.services.shared.auth.corpus.all import CASES
from tests.services.shared.auth.issuer import CLIENT, ISSUER, KID, NOW, decode, key_set, rsa_key, token
from tests.services.shared.auth.jwks_server import key_server

ROUNDS = 15
TOKENS = 600
MEGABYTE = 1_000_000
Check = Callable[[str], object]


def fresh_tokens(count: int) -> list[str]:
    """Distinct good tokens, valid now."""
    now = int(time.time())
    return [token(jti=f"{i:036}", auth_time=now, iat=now - 1, exp=now + 3600) for i in range(count)]


def raw_check(tokens: list[str]) -> Check:
    """The signature alone, with everything taken apart beforehand: no verifier can be faster."""
    public, padding, digest = rsa_key("pool").public_key(), PKCS1v15(), SHA256()
    parts = {}
    for text in tokens:
        signed, _, signature = text.rpartition(".")
        parts[text] = decode(signature), signed.encode()

    def check(text: str) -> None:
        signature, signed = parts[text]
        public.verify(signature, signed, padding, digest)

    return check


def pyjwt_check(*, key_known: bool) -> Check:
    """PyJWT with its keys parsed once, told to check what Cognito's access tokens carry.

    A user pool has two keys and changes them, so which one it is has to be read from the token first: in PyJWT that
    means to take the token apart twice. `key_known` leaves that out.
    """
    keys = {key["kid"]: jwt.PyJWK(key) for key in key_set()["keys"]}
    required = {"require": ["exp", "iat", "iss", "sub", "client_id", "token_use"]}

    def check(text: str) -> object:
        key = keys[KID if key_known else jwt.get_unverified_header(text)["kid"]]
        claims = jwt.decode(text, key, algorithms=["RS256"], issuer=ISSUER, options=cast(Any, required))
        if claims["client_id"] != CLIENT or claims["token_use"] != "access":
            raise jwt.InvalidTokenError
        return claims

    return check


def joserfc_check() -> Check:
    """joserfc with its keys parsed once."""
    keys = KeySet.import_key_set(cast(Any, key_set()))
    rules = joserfc.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        client_id={"essential": True, "value": CLIENT},
        token_use={"essential": True, "value": "access"},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
    )

    def check(text: str) -> None:
        rules.validate(joserfc.decode(text, keys, algorithms=["RS256"]).claims)

    return check


async def over_remote_keys() -> Check:
    """The coroutine function that services use, with a warm cache, run without an event loop around it."""
    async with key_server() as server:
        keys = RemoteKeys(server.url)
        await keys.prefetch()
        await keys.close()
    verify = verifier(keys, ISSUER, CLIENT)

    def check(text: str) -> None:
        try:
            verify(text).send(None)
        except StopIteration:
            return
        raise AssertionError("a known key made it wait")

    return check


def microseconds(check: Check, tokens: Iterable[str], count: int) -> float:
    """CPU microseconds a token."""
    started = time.thread_time()
    for text in tokens:
        check(text)
    return (time.thread_time() - started) / count * 1e6


def measure(tokens: list[str]) -> dict[str, float]:
    """The median for each contender: each round has all of them, one after another."""
    contenders: dict[str, tuple[Check, int]] = {
        "raw cryptography check": (raw_check(tokens), 1),
        "ours, cold": (verifier(key_set(), ISSUER, CLIENT, cache_entries=0), 1),
        "ours, cold and then remembered": (verifier(key_set(), ISSUER, CLIENT, cache_entries=TOKENS // 2), 1),
        "ours, cached": (verifier(key_set(), ISSUER, CLIENT), 10),
        "ours, cached, remote keys": (asyncio.run(over_remote_keys()), 10),
        "joserfc": (joserfc_check(), 1),
        "PyJWT, told which key it is": (pyjwt_check(key_known=True), 1),
        "PyJWT": (pyjwt_check(key_known=False), 1),
    }
    for check, _ in contenders.values():
        microseconds(check, tokens, len(tokens))
    gc.freeze()
    rounds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, (check, passes) in contenders.items():
            many = itertools.chain.from_iterable(itertools.repeat(tokens, passes))
            rounds[name].append(microseconds(check, many, len(tokens) * passes))
    return {"openssl speed rsa2048": openssl_speed()} | {name: statistics.median(r) for name, r in rounds.items()}


def openssl_speed() -> float:
    """Microseconds a verification by the openssl command, or NaN where there is none."""
    if not shutil.which("openssl"):
        return float("nan")
    command = ["openssl", "speed", "-seconds", "2", "rsa2048"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"rsa 2048 bits\s+\S+\s+\S+\s+\S+\s+(\S+)", run.stdout)
    return 1e6 / float(found.group(1)) if found else float("nan")


def slowest_refusal() -> tuple[float, str]:
    """(milliseconds of CPU, name) of the input that takes longest to be refused: the best of three tries each."""
    verify = verifier(key_set(), ISSUER, CLIENT, clock=lambda: NOW)
    verify(token())
    inputs = [(case.id, case.make()) for case in CASES]
    inputs += [(f"a megabyte of {text!r}", text * (MEGABYTE // len(text))) for text in (".", "A", "é", "A.", "{", "=")]
    inputs += [(f"8 KiB of {text!r}", (text * 8192)[:8192]) for text in (".", "A", "=", "\0", "é")]

    def once(value: Any) -> float:
        started = time.thread_time()
        try:
            verify(value)
        except TokenError:
            return (time.thread_time() - started) * 1e3
        raise AssertionError("it was taken")

    return max((min(once(value) for _ in range(3)), name) for name, value in inputs)


def full_cache() -> tuple[float, int]:
    """(megabytes, tokens) of a default cache after more tokens than it keeps."""
    now, offered, tally = int(time.time()), 5000, Tally()

    def numbered(number: int) -> str:
        return token(jti=f"{number:036}", iat=now, exp=now + 3600, auth_time=now)

    tracemalloc.start()
    verify = verifier(key_set(), ISSUER, CLIENT, tally=tally)
    before = tracemalloc.get_traced_memory()[0]
    for number in range(offered):
        verify(numbered(number))
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    for number in reversed(range(offered)):
        verify(numbered(number))
        if tally.cache_hits < offered - number:
            break
    return taken / 1e6, tally.cache_hits


def main(arguments: list[str]) -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.auth")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--no-http", action="store_true", help="leave out the servers")
    options = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    cost = measure(fresh_tokens(TOKENS))
    refusal, hardest = slowest_refusal()
    megabytes, entries = full_cache()
    raw, cold = cost["raw cryptography check"], cost["ours, cold"]
    bars = [
        Bar("cold, as a share of raw", raw / cold, 0.65),
        Bar("cold, times PyJWT", cost["PyJWT"] / cold, 3.5),
        Bar("cached, times raw", raw / cost["ours, cached"], 20),
        Bar(f"slowest refusal, ms ({hardest})", refusal, 5, at_most=True),
        Bar(f"full cache, MB ({entries} tokens)", megabytes, 12, at_most=True),
    ]
    served = {} if options.no_http else auth_http.measure()
    if served:
        cpu = {name: result.cpu for name, result in served.items()}
        bars.append(Bar("HTTP, cached, as a share of no auth", cpu["no auth"] / cpu["ours, cached"], 0.95))
        bars.append(Bar("HTTP, cold, times PyJWT", cpu["PyJWT in a dependency"] / cpu["ours, cold"], 1.9))
    report = Report(load, cost, served, bars)
    sys.stdout.write(json.dumps(report.as_dict(), indent=2) if options.json else report.as_text())
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(sys.argv[1:])
