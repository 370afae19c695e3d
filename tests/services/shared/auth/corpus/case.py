"""One way to attack a verifier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.shared.auth import Code


@dataclass(frozen=True)
class Case:
    """A token that must be refused with `code`; `family` numbers the attack in the catalogue of README.md."""

    family: int
    name: str
    code: Code
    make: Callable[[], Any]

    @property
    def id(self) -> str:
        """Its name in the test report."""
        return f"{self.family:02}-{self.name}"
