"""One stack's nightly look: does it differ, is a password due? `python -m scripts.ci.nightly STACK FOLDER`.

Leaves the report that `scripts.ci.issue` reads in FOLDER, and says `rotate=true` or `rotate=false` as the output of
the workflow's step.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.ci.issue import report

DRIFT = 4
"""Exit code of `scripts.deploy --drift` where something differs."""
BLOCKED = 3
"""Exit code of `scripts.deploy --preview` where a risk is to be allowed; its answer is complete all the same."""

ROTATED = "sri:GeneratedSecret"
"""Part of the type of the resources that are updated only to make another password."""

COMMAND = (sys.executable, "-m", "scripts.deploy")


class LookError(Exception):
    """A stack could not be looked at; the command that failed has said why."""


def drift(stack: str, command: Sequence[str] = COMMAND) -> str | None:
    """What differs between the stack and its program, as Markdown; None where nothing does."""
    markdown = Path(f"drift-{stack}.md").absolute()
    done = subprocess.run([*command, stack, "--drift", "--comment", str(markdown)], check=False)
    if done.returncode not in (0, DRIFT):
        raise LookError(f"{stack} could not be compared with its program: exit code {done.returncode}")
    text = markdown.read_text(encoding="utf-8")
    markdown.unlink()
    return text if done.returncode == DRIFT else None


def rotation_due(stack: str, command: Sequence[str] = COMMAND) -> bool:
    """Whether a deployment would replace a generated secret because of its age."""
    done = subprocess.run([*command, stack, "--preview", "--json"], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, BLOCKED):
        raise LookError(f"{stack} could not be previewed: exit code {done.returncode}")
    changes = json.loads(done.stdout)["changes"]
    return any(ROTATED in change["type"] and change["op"] == "update" for change in changes)


def look(stack: str, folder: Path, output: Path | None, command: Sequence[str] = COMMAND) -> None:
    """Write the report and the step's output. Raises LookError."""
    found = drift(stack, command)
    folder.mkdir(parents=True, exist_ok=True)
    written = json.dumps(report(stack, drifted=found is not None, text=found or ""))
    (folder / f"{stack}.json").write_text(written, encoding="utf-8")
    line = f"rotate={'true' if rotation_due(stack, command) else 'false'}\n"
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
    except LookError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
