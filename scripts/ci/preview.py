"""One stack's preview for a pull request: `python -m scripts.ci.preview STACK FOLDER`.

Nothing is built for it: an image that is not in the registry yet stands as one that changes. Leaves STACK.md in FOLDER.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.ci.commands import BLOCKED, CommandError, Commands, write_digests

_OURS = Commands()


def preview(stack: str, folder: Path, commands: Commands = _OURS) -> int:
    """Write the comment's part; the exit code of `scripts.deploy --preview`. Raises CommandError."""
    folder.mkdir(parents=True, exist_ok=True)
    comment = folder / f"{stack}.md"
    with tempfile.TemporaryDirectory() as scratch:
        digests = Path(scratch) / "digests.json"
        missing = write_digests(commands.images(stack), digests)
        arguments = ("--preview", "--digests", str(digests), "--comment", str(comment))
        code, said = commands.run_deploy(stack, *arguments, good=(0, BLOCKED))
    sys.stdout.write(said)
    if missing:
        line = f"\nImages to build: {', '.join(missing)}. The others are in the registry already.\n"
        comment.write_text(comment.read_text(encoding="utf-8") + line, encoding="utf-8")
    return code


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
