"""Fixtures that several folders of tests share: each is a plain module below tests/support."""

import pytest

pytest_plugins = [
    "tests.support.browser",
    "tests.support.cognito",
    "tests.support.platform",
    "tests.support.postgres",
    "tests.support.tokens",
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each file's tests in one process and in order: they share costly fixtures, and some tell a story."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.split("::", maxsplit=1)[0]))
