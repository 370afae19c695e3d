"""Whatever a client sends, the answer is one that the document promises, and never a breakdown.

A few cases for each operation here; `FUZZ_CASES=6000 pytest tests/services/identity/test_fuzz.py` for many.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from scripts.local import cognito
from services.identity.app import create
from services.identity.settings import Settings
from services.shared.lifecycle import Application
from tests.services.identity.conftest import BODY, PASSWORD, new_email
from tests.services.identity.data_service import DataService
from tests.support.applications import served
from tests.support.cognito import CognitoServer, UserPool
from tests.support.fuzzing import CHECKS, fuzz

CASES = int(os.environ.get("FUZZ_CASES", "100"))
"""In all, spread over the operations and over what makes sense and what does not."""


@dataclass
class Target:
    """The running service, and a token of an administrator."""

    url: str
    token: str
    document: dict[str, Any]


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[str]:
    """The service in a thread of its own: the fuzzer blocks."""
    ready, done = threading.Event(), threading.Event()
    address: list[str] = []

    async def run() -> None:
        async with served(Application(DataService(), verify=None, open_paths=("/*",))) as data_url:
            whole = settings.model_copy(update={"data_url": data_url})
            await serve_until_done(create(whole, pace=0))

    async def serve_until_done(service: Application) -> None:
        async with served(service) as url:
            address.append(url)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(20)
    yield address[0]
    done.set()
    thread.join()


@pytest.fixture(scope="module")
def target(server: str, cognito_server: CognitoServer, pool: UserPool) -> Target:
    email = new_email()
    with httpx.Client(base_url=f"{server}/api/v1", headers=BODY, timeout=30) as client:
        document = client.get("/openapi.json").json()
        client.post("/auth/signup", json={"email": email, "password": PASSWORD, "name": "Ada"})
        code = [mail.code for mail in cognito.mails(cognito_server.url) if mail.to == email][-1]
        client.post("/auth/confirm", json={"email": email, "code": code})
        cognito_server.client().admin_add_user_to_group(UserPoolId=pool.id, Username=email, GroupName="admin")
        token = client.post("/auth/login", json={"email": email, "password": PASSWORD}).json()["access_token"]
    return Target(server, token, document)


# The service, in its thread, uses what Hypothesis watches here.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.timeout(1200)
def test_every_answer_is_one_that_the_document_promises(target: Target) -> None:
    assert sum(len(methods) for methods in target.document["paths"].values()) > 20

    def send(case: Any, address: str) -> None:
        headers = {"authorization": f"Bearer {target.token}", "x-forwarded-for": address}
        case.call_and_validate(base_url=target.url, headers=headers, checks=CHECKS, timeout=30)

    assert fuzz(target.document, CASES, send) >= CASES
