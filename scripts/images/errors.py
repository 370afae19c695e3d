"""What can go wrong with images, in words."""

from __future__ import annotations


class ImagesError(Exception):
    """An image cannot be built, pushed or copied; the text says which, why, and what to do."""


class SettingsError(ImagesError):
    """What was asked for cannot be done for this stack: its file or its outputs do not say what is needed."""
