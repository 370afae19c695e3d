"""Verifiers of the pool in issuer.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.shared.auth import Principal, verifier
from tests.services.shared.auth.issuer import CLIENT, ISSUER, NOW, key_set


@pytest.fixture
def verify() -> Callable[[str], Principal]:
    """A verifier for whom it is NOW."""
    return verifier(key_set(), ISSUER, CLIENT, clock=lambda: NOW)
