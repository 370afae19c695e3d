"""The one kind of error that the command shows as a sentence."""

from __future__ import annotations


class EnvironmentFileError(Exception):
    """The files cannot be written, or not without losing something; the text says why and what to do about it."""
