"""The one kind of error that the command shows as a sentence."""

from __future__ import annotations


class UsersError(Exception):
    """Something a person can put right: the message says what went wrong and what to do about it."""
