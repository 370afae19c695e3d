"""Which files tests were collected from, before any were left out by mark or name."""

from __future__ import annotations

from pathlib import Path

import pytest

COLLECTED = pytest.StashKey[frozenset[Path]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Remember them."""
    config.stash[COLLECTED] = frozenset(item.path for item in items)
