"""Why a rehearsal cannot begin, as sentences."""

from __future__ import annotations


class RehearsalError(Exception):
    """The stack cannot be rehearsed; the text says why and what to do about it."""


class ToolMissingError(RehearsalError):
    """The Pulumi CLI or its AWS plug-in is not here; the text says how to get it."""
