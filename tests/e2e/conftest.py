"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import pytest

from tests.support.people import People
from tests.support.platform import Platform


@pytest.fixture(scope="session")
def people(platform: Platform) -> People:
    """Makes people who use the platform."""
    return People(platform)
