"""One issue that is open while a stack differs from its program: `python -m scripts.ci.issue FOLDER STACK...`.

It is opened by the first night that finds a difference, kept up to date, and closed by the first that finds none.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.ci.github import GitHubError, Repository, repository, shortened

TITLE = "What runs is not what the program says"
LABEL = "drift"
MARKER = "<!-- drift of the stacks -->"
"""Nobody sees it; it says which issue is ours."""

ADVICE = """\
Somebody or something changed these resources outside the program. Either write the change into the program, or let
the next deployment take it back (run the workflow Deliver). This issue is kept up to date every night, and closes
itself when nothing differs any more."""


def report(stack: str, *, drifted: bool, text: str) -> dict[str, Any]:
    """What a night found out about one stack, as it lies in the folder."""
    return {"stack": stack, "drifted": drifted, "text": text}


def body(reports: Sequence[dict[str, Any]]) -> str:
    """The issue's text: every stack that differs."""
    found = [found["text"].strip() for found in reports if found["drifted"]]
    return shortened("\n\n".join([MARKER, ADVICE, *found]))


def settle(issues: Repository, reports: Sequence[dict[str, Any]], stacks: Sequence[str]) -> str:
    """Open, change or close the issue; what was done. A stack that nobody could look at keeps it as it is."""
    ours = sorted(
        issue["number"]
        for issue in issues.pages("issues", state="open", labels=LABEL)
        if MARKER in (issue["body"] or "") and "pull_request" not in issue
    )
    if any(found["drifted"] for found in reports):
        return _show(issues, ours, body(reports))
    unseen = sorted(set(stacks) - {found["stack"] for found in reports})
    if unseen:
        return f"nothing is known of {', '.join(unseen)}: the issue stays as it is"
    for number in ours:
        issues.post(f"issues/{number}/comments", {"body": "Nothing differs any more."})
        issues.patch(f"issues/{number}", {"state": "closed", "state_reason": "completed"})
    return f"closed {', '.join(f'#{number}' for number in ours)}" if ours else "nothing differs, and no issue is open"


def _show(issues: Repository, ours: Sequence[int], text: str) -> str:
    if not ours:
        made = issues.post("issues", {"title": TITLE, "body": text, "labels": [LABEL]})
        return f"opened #{made['number']}"
    issues.patch(f"issues/{ours[0]}", {"body": text})
    return f"changed #{ours[0]}"


def main(arguments: Sequence[str]) -> int:
    """0 when the issue says what is so, 1 when GitHub refuses."""
    parser = argparse.ArgumentParser(prog="python -m scripts.ci.issue", description="One issue while a stack differs.")
    parser.add_argument("folder", type=Path, help="where each stack's report lies, as JSON")
    parser.add_argument("stacks", nargs="+", help="every stack that must be seen to agree before the issue closes")
    given = parser.parse_args(arguments)
    reports = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(given.folder.glob("*.json"))]
    try:
        done = settle(repository(), reports, given.stacks)
    except GitHubError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{done}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
