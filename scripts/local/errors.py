"""The one kind of error that the local run shows as a sentence instead of a traceback."""

from __future__ import annotations


class LocalRunError(Exception):
    """Something a person can put right: the message says what went wrong and what to do about it."""
