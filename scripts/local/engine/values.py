"""Pulumi's wire values: secrets in their wrapper, numbers that are all floats."""

from __future__ import annotations

from typing import Any

from pulumi.runtime import rpc

SIGNATURE = rpc._special_sig_key
SECRET = rpc._special_secret_sig


def is_secret(value: Any) -> bool:
    """Whether the value is a secret's wrapper."""
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def has_secret(value: Any) -> bool:
    """Whether there is a secret anywhere in the value."""
    if isinstance(value, dict):
        return is_secret(value) or any(has_secret(item) for item in value.values())
    return isinstance(value, list) and any(has_secret(item) for item in value)


def secret(value: Any) -> dict[str, Any]:
    """The value in a secret's wrapper."""
    return {SIGNATURE: SECRET, "value": value}


def unwrapped(value: Any) -> Any:
    """The value without any secret's wrapper."""
    if isinstance(value, dict):
        return unwrapped(value["value"]) if is_secret(value) else {key: unwrapped(item) for key, item in value.items()}
    return [unwrapped(item) for item in value] if isinstance(value, list) else value


def plain(value: Any) -> Any:
    """The value without wrappers, and with whole numbers as such: a protobuf Struct knows only doubles."""
    if isinstance(value, dict):
        return plain(value["value"]) if is_secret(value) else {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
