"""How much a remembered token weighs: the bound in bytes rests on it (C5)."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from services.shared.auth.cache import TokenCache
from services.shared.auth.claims import ClaimRules
from services.shared.auth.encoding import decode_frozen_object
from services.shared.auth.keys import parse_key_set
from services.shared.auth.weight import weigh
from tests.services.shared.auth.issuer import CLIENT, ISSUER, KID, NOW, good_claims, key_set

SHAPES: dict[str, Callable[[int], dict[str, Any]]] = {
    "ordinary": lambda i: {"username": f"user-{i}"},
    "no groups": lambda i: {"username": f"user-{i}", "cognito:groups": []},
    "a hundred groups": lambda i: {"cognito:groups": [f"g{j}-{i}" for j in range(100)]},
    "long text": lambda i: {"text": "x" * 2000 + str(i)},
    "accents": lambda i: {"username": "\u00e9" * 300 + str(i)},
    "one wide character": lambda i: {"username": "\U0001f600" + "x" * 500 + str(i)},
    "escapes": lambda i: {"username": '"\\/\n' * 100 + str(i)},
    "many numbers": lambda i: {f"n{j}": j * 1000 + i for j in range(100)},
    "names of their own": lambda i: {f"a-rather-long-name-of-a-claim-{j}-{i}": j for j in range(30)},
    "lists in lists": lambda i: {"deep": [[[j + i]] for j in range(100)]},
    "objects": lambda i: {"deep": [{f"a{j}": {"i": i}} for j in range(50)]},
}


@pytest.mark.parametrize("escaped", [True, False], ids=["escaped", "utf-8"])
@pytest.mark.parametrize("name", SHAPES)
def test_a_token_of_any_shape_weighs_at_least_what_it_takes(name: str, escaped: bool) -> None:
    rules = ClaimRules(ISSUER, [CLIENT], "access")
    key = parse_key_set(key_set())[KID]
    cache = TokenCache(4096)
    claims = [good_claims(**SHAPES[name](i), sub=f"sub-{i}") for i in range(150)]
    payloads = [json.dumps(each, ensure_ascii=escaped, separators=(",", ":")).encode() for each in claims]
    texts = ["." + "x" * (len(payload) * 4 // 3) for payload in payloads]
    rules.accept(decode_frozen_object(payloads[0]), NOW)
    tracemalloc.start()
    try:
        estimate = 0
        for number, payload in enumerate(payloads):
            principal, expires = rules.accept(decode_frozen_object(payload), NOW)
            text = texts[number] + str(number)
            cache.put(text, payload, principal, key, since=NOW + number / 7, until=expires)
            estimate += weigh(text, payload, principal)
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    del principal, text
    assert len(cache) == 150
    assert 0.1 * estimate < taken <= estimate
