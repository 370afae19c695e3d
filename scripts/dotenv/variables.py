"""The types of environment variables: what a service refuses at its start is refused here, before it is written.

A test holds this equal to the services' own settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

LOG_LEVELS = ("debug", "info", "warning", "error")
TIERS = ("dev", "prod", "local")
TLS_MODES = ("disable", "require", "verify-full")

Problem = str
Check = Callable[[str], Problem]


def text(value: str) -> Problem:
    """Any text but none."""
    return "" if value.strip() and "\n" not in value and "\r" not in value else "is empty, or more than one line"


def url(value: str) -> Problem:
    """Where something answers by HTTP."""
    address = urlsplit(value)
    good = address.scheme in ("http", "https") and address.hostname and not re.search(r"\s", value)
    return "" if good else "is no http(s) address"


def origin(value: str) -> Problem:
    """What a browser sends as `Origin` (RFC 6454): no path."""
    return url(value) or ("" if urlsplit(value).path in ("", "/") else "is an address with a path, not an origin")


def origins(value: str) -> Problem:
    """`none`, or origins separated by commas."""
    return "" if value == "none" else next(filter(None, map(origin, value.split(","))), "")


def whole(lowest: int, highest: int) -> Check:
    """A whole number."""

    def check(value: str) -> Problem:
        good = re.fullmatch(r"\d{1,9}", value) and lowest <= int(value) <= highest
        return "" if good else f"is no whole number from {lowest} to {highest}"

    return check


def one_of(*choices: str) -> Check:
    """One of a few words."""
    return lambda value: "" if value in choices else f"is none of {', '.join(choices)}"


def keys(value: str) -> Problem:
    """Keys of at least 32 characters each, separated by commas."""
    return "" if all(len(key) >= 32 for key in value.split(",")) else "has a key of less than 32 characters"


COUNT = whole(1, 999_999_999)
TYPES: Mapping[str, tuple[str, Check]] = {
    "ENVIRONMENT": (" | ".join(TIERS), one_of(*TIERS)),
    "LOG_LEVEL": (" | ".join(LOG_LEVELS), one_of(*LOG_LEVELS)),
    "COGNITO_ISSUER": ("url", url),
    "PUBLIC_ORIGIN": ("origin", origin),
    "CORS_ORIGINS": ("none | origins", origins),
    "SESSION_KEYS": ("keys", keys),
    "DATABASE_PORT": ("port", whole(1, 65535)),
    "DATABASE_TLS": (" | ".join(TLS_MODES), one_of(*TLS_MODES)),
    "DATABASE_POOL_SIZE": ("number", whole(1, 1000)),
    "RATE_LIMIT_USER": ("number", COUNT),
    "RATE_LIMIT_ADDRESS": ("number", COUNT),
}
"""name -> (the type as people read it, what refuses a value that is not of it)."""


def type_of(name: str) -> str:
    """The type of the variable, as people read it."""
    return _typed(name)[0]


def problem_with(name: str, value: str) -> Problem:
    """Why the service would refuse the value; "" if it would not. The value is not in it: it may be a secret."""
    return text(value) or _typed(name)[1](value)


def _typed(name: str) -> tuple[str, Check]:
    return TYPES.get(name) or (("url", url) if name.endswith("_URL") else ("text", text))
