"""One stack's nightly look: does it differ, is a password due? `python -m scripts.ci.nightly STACK FOLDER`.

Leaves the report that `scripts.ci.issue` reads in FOLDER, and says `rotate=true` or `rotate=false` as the output of
the workflow's step.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.ci.commands import BLOCKED, DRIFT, CommandError, Commands
from scripts.ci.issue import report

ROTATED = "sri:GeneratedSecret"
"""Part of the type of the resources that are updated only to make another password."""

_OURS = Commands()


def drift(stack: str, commands: Commands, scratch: Path) -> str | None:
    """What differs between the stack and its program, as Markdown; None where nothing does. Raises CommandError."""
    markdown = scratch / "drift.md"
    code, _ = commands.run_deploy(stack, "--drift", "--comment", str(markdown), good=(0, DRIFT))
    return markdown.read_text(encoding="utf-8") if code == DRIFT else None


def rotation_due(stack: str, commands: Commands) -> bool:
    """Whether a deployment would replace a generated secret because of its age. Raises CommandError."""
    _, said = commands.run_deploy(stack, "--preview", "--json", good=(0, BLOCKED))
    return any(ROTATED in change["type"] and change["op"] == "update" for change in json.loads(said)["changes"])


def look(stack: str, folder: Path, output: Path | None, commands: Commands = _OURS) -> None:
    """Write the report and the step's output. Raises CommandError."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        found = drift(stack, commands, Path(scratch))
        written = json.dumps(report(stack, drifted=found is not None, text=found or ""))
        (folder / f"{stack}.json").write_text(written, encoding="utf-8")
        line = f"rotate={'true' if rotation_due(stack, commands) else 'false'}\n"
    sys.stdout.write(line)
    if output is not None:
        with output.open("a", encoding="utf-8") as file:
            file.write(line)


def main(arguments: Sequence[str]) -> int:
    """0 when the stack was looked at, whatever was found; 1 when it could not be."""
    parser = argparse.ArgumentParser(prog="python -m scripts.ci.nightly", description="Look at one stack.")
    parser.add_argument("stack")
    parser.add_argument("folder", type=Path, help="where the report goes")
    given = parser.parse_args(arguments)
    output = os.environ.get("GITHUB_OUTPUT")
    try:
        look(given.stack, given.folder, Path(output) if output else None)
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
