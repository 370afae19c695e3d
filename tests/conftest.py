"""Fixtures that several folders of tests share: each is a plain module below tests/support."""

pytest_plugins = [
    "tests.support.browser",
    "tests.support.cognito",
    "tests.support.platform",
    "tests.support.postgres",
    "tests.support.tokens",
]
