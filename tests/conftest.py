"""Fixtures that several folders of tests share: each is a plain module below tests/support."""

from __future__ import annotations

import gc

pytest_plugins = [
    "tests.support.browser",
    "tests.support.cognito",
    "tests.support.collected",
    "tests.support.platform",
    "tests.support.postgres",
    "tests.support.tokens",
]


def pytest_collection_finish() -> None:
    """Thousands of tests, all that they import and the stacks that they build stay until the end: nobody need look
    through them for garbage again and again. It takes a quarter of the time off tests of the program."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
