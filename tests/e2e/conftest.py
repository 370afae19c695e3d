"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import pytest

from tests.support.people import People, Person
from tests.support.platform import Platform


@pytest.fixture(scope="session")
def people(platform: Platform) -> People:
    """Makes people who use the platform."""
    return People(platform)


@pytest.fixture(scope="session")
def ada(people: People) -> Person:
    """A confirmed user."""
    return people.signed_up()


@pytest.fixture(scope="module")
def ada_token(people: People, ada: Person) -> str:
    """An access token of hers, good for some minutes."""
    return people.token(ada)
