"""What can go wrong while the program runs, told by resource."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.local.errors import LocalRunError


class UnmappedError(LocalRunError):
    """The program asks for something that the tables of rows do not know. `problems` has one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = sorted(set(problems))
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(
            f"The local run cannot make all that the program asks for:{lines}\n"
            "Each type needs a row, and each input a place in it: see scripts/local/engine/rows_*.py."
        )


class ResourceError(LocalRunError):
    """An emulator refused a resource: the message names its type, its name and the call."""


class ProgramError(LocalRunError):
    """The program itself refused to go on, with a message for its user."""
