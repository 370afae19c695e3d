"""The previews of all stacks as one comment of a pull request: `python -m scripts.ci.comment NUMBER FOLDER`.

The comment is written once and then changed with every push, so that nobody scrolls past old ones.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.ci.github import GitHubError, Repository, repository, shortened

MARKER = "<!-- preview of the stacks -->"
"""Nobody sees it; it says which comment is ours."""


def body(texts: Sequence[str], commit: str) -> str:
    """One comment out of each stack's preview."""
    last = f"\n\n<sub>Previewed at {commit[:12]}.</sub>" if commit else ""
    return shortened("\n\n".join([MARKER, *(text.strip() for text in texts)])) + last


def write(pulls: Repository, number: int, text: str) -> str:
    """Write the comment, or change the one that is there; which of both."""
    for comment in pulls.pages(f"issues/{number}/comments"):
        # Anybody may quote the marker, but nobody else's comment is changed.
        if comment["user"]["type"] == "Bot" and comment["body"].startswith(MARKER):
            pulls.patch(f"issues/comments/{comment['id']}", {"body": text})
            return "changed"
    pulls.post(f"issues/{number}/comments", {"body": text})
    return "written"


def main(arguments: Sequence[str]) -> int:
    """0 when the comment stands, 1 when GitHub refuses, 2 when there is nothing to say."""
    parser = argparse.ArgumentParser(prog="python -m scripts.ci.comment", description="One comment with all previews.")
    parser.add_argument("number", type=int, help="number of the pull request")
    parser.add_argument("folder", type=Path, help="where each stack's preview lies, as Markdown")
    given = parser.parse_args(arguments)
    files = sorted(given.folder.glob("*.md"))
    if not files:
        sys.stderr.write(f"{given.folder} holds no preview: see the log of the jobs that make them\n")
        return 2
    text = body([file.read_text(encoding="utf-8") for file in files], os.environ.get("GITHUB_SHA", ""))
    try:
        done = write(repository(), given.number, text)
    except GitHubError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"the comment of pull request {given.number} is {done}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
