"""Verifiers of the user pool in issuer.py: with its keys at hand, and with keys over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from services.shared.auth import Principal, verifier
from tests.services.shared.auth.issuer import CLIENT, ISSUER, NOW, key_set
from tests.services.shared.auth.jwks_server import key_server
from tests.services.shared.auth.pool import Pool


@pytest.fixture
def verify() -> Callable[[str], Principal]:
    """A verifier for whom it is NOW."""
    return verifier(key_set(), ISSUER, CLIENT, clock=lambda: NOW)


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    async with key_server() as server:
        running = Pool(server)
        yield running
        await running.keys.close()
