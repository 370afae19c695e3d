"""Whatever a client sends to the API, the answer is one that the API's document promises, and never a breakdown.

A few cases here; `FUZZ_CASES=10000 pytest -rP tests/e2e/test_fuzz.py` for many.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import cycle
from typing import Any

import httpx
import pytest

from tests.e2e.faulty import gateway_url
from tests.support.fuzzing import CHECKS, fuzz
from tests.support.people import People
from tests.support.platform import Platform

pytestmark = pytest.mark.drill

CASES = int(os.environ.get("FUZZ_CASES", "24"))
USERS = 1 + CASES // 500
"""So many that none makes more requests than one may in a minute."""
ENDS_THE_ACCOUNT = ("DELETE /api/v1/users/me",)


@pytest.mark.timeout(3600)
def test_every_answer_of_the_api_is_one_that_its_document_promises(platform: Platform, people: People) -> None:
    gateway = gateway_url(platform).removesuffix("/api/v1/")
    document: dict[str, Any] = httpx.get(f"{gateway}/api/v1/openapi.json").json()
    assert {"/api/v1/products", "/api/v1/users/me", "/api/v1/auth/login"} <= document["paths"].keys()
    tokens = cycle([people.token(people.signed_up()) for _ in range(USERS)])
    statuses: Counter[int] = Counter()

    def send(case: Any, address: str) -> None:
        headers = {"authorization": f"Bearer {next(tokens)}", "x-forwarded-for": address}
        answer = case.call(base_url=gateway, headers=headers, timeout=30)
        statuses[answer.status_code] += 1
        case.validate_response(answer, headers=headers, checks=CHECKS)

    sent = fuzz(document, CASES, send, last=ENDS_THE_ACCOUNT)
    print(f"{sent} cases, answered {dict(sorted(statuses.items()))}")
    assert sent >= CASES
    assert max(statuses) < 500
