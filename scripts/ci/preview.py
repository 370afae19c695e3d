"""One stack's preview for a pull request: `python -m scripts.ci.preview STACK FOLDER`.

Nothing is built for it: an image that is not in the registry yet stands as one that changes. Leaves STACK.md in FOLDER.
Where a service has no repository yet, the preview is made with the images that are deployed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.ci.commands import BLOCKED, CommandError, Commands, write_digests

_OURS = Commands()

PACK = Path(__file__).resolve().parents[2] / "policy"
"""Held to where `make policy` has made its environment."""


def preview(stack: str, folder: Path, commands: Commands = _OURS) -> int:
    """Write the comment's part; the exit code of `scripts.deploy --preview`. Raises CommandError."""
    folder.mkdir(parents=True, exist_ok=True)
    comment = folder / f"{stack}.md"
    images = commands.images(stack)
    with tempfile.TemporaryDirectory() as scratch:
        digests = Path(scratch) / "digests.json"
        missing = [] if images is None else write_digests(images, digests)
        given = () if images is None else ("--digests", str(digests))
        if (PACK / ".venv").exists():
            given = (*given, "--policy-pack", str(PACK))
        code, said = commands.run_deploy(stack, "--preview", *given, "--comment", str(comment), good=(0, BLOCKED))
    sys.stdout.write(said)
    if images is None:
        _add(comment, "Which images would be built cannot be said yet: a service has no repository.")
    elif missing:
        _add(comment, f"Images to build: {', '.join(missing)}. The others are in the registry already.")
    return code


def _add(comment: Path, line: str) -> None:
    comment.write_text(f"{comment.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """0 when nothing is at risk, 3 when something is that nobody has allowed, 1 when there could be no preview."""
    parser = argparse.ArgumentParser(prog="python -m scripts.ci.preview", description="Preview one stack.")
    parser.add_argument("stack")
    parser.add_argument("folder", type=Path, help="where the Markdown goes")
    given = parser.parse_args(arguments)
    try:
        return preview(given.stack, given.folder)
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
