"""The generated part of a `.env` file: between two marks, with a checksum that tells when somebody changed it by hand.

Lines made by hand stand outside, usually below: readers of such files take the last of several values.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from scripts.dotenv.errors import EnvironmentFileError

END = "# <<< end of what scripts/write_env.py wrote; lines of your own go below, and go before these"
BEGIN = re.compile(r"# >>> written by scripts/write_env\.py from the stack (?P<stack>\S+); sum (?P<sum>[0-9a-f]{16})\n")
ASSIGNMENT = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)")
SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]*")


@dataclass(frozen=True)
class Block:
    """What is generated: `plain` and `secret` values by name, and the names of secrets that are left out."""

    stack: str
    plain: Mapping[str, str]
    secret: Mapping[str, str]
    left_out: tuple[str, ...] = ()

    def text(self) -> str:
        """The block with its marks."""
        lines = [f"{name}={quoted(name, value)}" for name, value in sorted({**self.plain, **self.secret}.items())]
        lines += [f"# {name} is a secret: left out, --secrets asks for it" for name in sorted(self.left_out)]
        body = "".join(f"{line}\n" for line in lines)
        return f"# >>> written by scripts/write_env.py from the stack {self.stack}; sum {checksum(body)}\n{body}{END}\n"


@dataclass(frozen=True)
class File:
    """A file's text in three: made by hand before and after, and what stands between the marks ("" without them)."""

    before: str
    body: str
    after: str
    stack: str = ""

    def with_block(self, block: Block) -> str:
        """The whole text with another block."""
        return f"{self.before}{block.text()}{self.after}"

    @property
    def values(self) -> dict[str, str]:
        """The generated values."""
        return assignments(self.body)

    @property
    def by_hand(self) -> dict[str, str]:
        """The values made by hand."""
        return assignments(self.before) | assignments(self.after)


def parse(text: str, name: str) -> File:
    """The parts of a file's text; `name` is for messages.

    EnvironmentFileError if somebody changed the generated part: to write it anew would lose that.
    """
    text = text if text.endswith("\n") or not text else f"{text}\n"
    begin = BEGIN.search(text)
    if begin is None:
        if "scripts/write_env.py" in text:
            raise EnvironmentFileError(f"{name}: the first line of what was generated was changed. {_WAY_OUT}")
        return File("", "", text)
    body, end, after = text[begin.end() :].partition(f"{END}\n")
    if not end:
        raise EnvironmentFileError(f"{name}: the last line of what was generated is gone. {_WAY_OUT}")
    if checksum(body) != begin["sum"]:
        raise EnvironmentFileError(f"{name}: lines were changed by hand between the marks. {_WAY_OUT}")
    if BEGIN.search(after):
        raise EnvironmentFileError(f"{name}: there are two generated parts. {_WAY_OUT}")
    return File(text[: begin.start()], body, after, begin["stack"])


_WAY_OUT = "Nothing was written: move your lines below the last mark, delete the generated part, and try again."


def checksum(body: str) -> str:
    """Enough of a SHA-256 to notice a change."""
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def assignments(text: str) -> dict[str, str]:
    """NAME=value lines, the last of several."""
    found = (ASSIGNMENT.fullmatch(line.strip()) for line in text.splitlines())
    return {match["name"]: unquoted(match["value"]) for match in found if match}


def quoted(name: str, value: str) -> str:
    """The value as shells, editors and containers read it alike: bare, or in single quotes where that would not do.

    EnvironmentFileError for one that no form carries to all of them.
    """
    if SAFE.fullmatch(value):
        return value
    if "'" in value or "\n" in value:
        raise EnvironmentFileError(f"{name} holds a quote or a line break, which such a file cannot carry.")
    return f"'{value}'"


def unquoted(value: str) -> str:
    """The reverse of `quoted`, for what people write too."""
    try:
        parts = shlex.split(value)
    except ValueError:
        return value
    return parts[0] if len(parts) == 1 else value
