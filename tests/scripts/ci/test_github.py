"""A comment and an issue that stay one, against a GitHub that remembers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts.ci import comment, issue
from scripts.ci.github import BODY_LIMIT, GitHubError, Repository, repository, shortened

BOT = {"type": "Bot"}
PERSON = {"type": "User"}


class GitHub:
    """Comments and issues of one repository, as far as they are spoken about here."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.issues: list[dict[str, Any]] = []
        self.refuses = False

    def repository(self) -> Repository:
        client = httpx.Client(transport=httpx.MockTransport(self), base_url="https://api.test/repos/owner/name/")
        return Repository(client)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.refuses:
            return httpx.Response(403, json={"message": "Resource not accessible by integration"})
        path = request.url.path.removeprefix("/repos/owner/name/")
        sent = json.loads(request.content) if request.content else {}
        if found := re.fullmatch(r"issues/comments/(\d+)|issues/(\d+)", path):
            entries = self.comments if found[1] else self.issues
            (entry,) = [entry for entry in entries if entry.get("id", entry.get("number")) == int(found[1] or found[2])]
            entry.update(sent)
            return httpx.Response(200, json=entry)
        if request.method == "GET":
            return httpx.Response(200, json=self._page(path, request.url.params))
        return httpx.Response(201, json=self._make(path, sent))

    def _page(self, path: str, query: httpx.QueryParams) -> list[dict[str, Any]]:
        entries = self.comments if path.endswith("/comments") else self.issues
        open_ones = [entry for entry in entries if entry.get("state", "open") == query.get("state", "open")]
        size, page = int(query["per_page"]), int(query["page"])
        return open_ones[size * (page - 1) : size * page]

    def _make(self, path: str, sent: dict[str, Any]) -> dict[str, Any]:
        if path.endswith("/comments"):
            self.comments.append({"id": len(self.comments), "user": BOT, **sent})
            return self.comments[-1]
        self.issues.append({"number": len(self.issues) + 1, "state": "open", **sent})
        return self.issues[-1]


DIFFERS = issue.report("prod", drifted=True, text="### prod\na rule was added by hand")
AGREES = [issue.report(stack, drifted=False, text="") for stack in ("dev", "prod")]
STACKS = ["dev", "prod"]


def test_the_preview_is_one_comment_however_many_pushes() -> None:
    github = GitHub()
    github.comments = [{"id": number, "user": PERSON, "body": "a word"} for number in range(100)]
    assert comment.write(github.repository(), 7, comment.body(["## dev\n+1"], "c" * 40)) == "written"
    assert comment.write(github.repository(), 7, comment.body(["## dev\n+2"], "d" * 40)) == "changed"
    (ours,) = [found["body"] for found in github.comments if found["user"] is BOT]
    assert "+2" in ours
    assert "+1" not in ours
    assert "dddddddddddd" in ours


def test_a_persons_comment_is_never_changed_though_it_quotes_the_marker() -> None:
    github = GitHub()
    github.comments = [{"id": 0, "user": PERSON, "body": comment.MARKER}]
    comment.write(github.repository(), 7, comment.body(["## dev"], ""))
    assert github.comments[0]["body"] == comment.MARKER
    assert len(github.comments) == 2


def test_both_stacks_stand_in_one_comment() -> None:
    text = comment.body(["## dev\nnothing\n", "## prod\nreplaces the database\n"], "")
    assert text.index("## dev") < text.index("## prod")


def test_what_github_would_refuse_is_cut_at_a_line() -> None:
    text = shortened("a line\n" * 20_000)
    assert len(text) < BODY_LIMIT + 100
    assert text.endswith("the rest is in the log of the run.")
    assert set(text.splitlines()[:-2]) == {"a line"}


def test_a_folder_without_previews_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert comment.main(["7", str(tmp_path)]) == 2
    assert "holds no preview" in capsys.readouterr().err


def test_the_first_night_that_differs_opens_an_issue_and_the_next_ones_change_it() -> None:
    github = GitHub()
    assert issue.settle(github.repository(), [AGREES[0], DIFFERS], STACKS) == "opened #1"
    again = issue.report("prod", drifted=True, text="### prod\nanother rule")
    assert issue.settle(github.repository(), [AGREES[0], again], STACKS) == "changed #1"
    (opened,) = github.issues
    assert (opened["state"], opened["labels"]) == ("open", ["drift"])
    assert "another rule" in opened["body"]
    assert "added by hand" not in opened["body"]


def test_the_first_night_without_a_difference_closes_it() -> None:
    github = GitHub()
    issue.settle(github.repository(), [DIFFERS], STACKS)
    assert issue.settle(github.repository(), AGREES, STACKS) == "closed #1"
    assert github.issues[0]["state"] == "closed"
    assert [found["body"] for found in github.comments] == ["Nothing differs any more."]
    assert issue.settle(github.repository(), AGREES, STACKS) == "nothing differs, and no issue is open"


def test_a_stack_that_nobody_could_look_at_does_not_close_it() -> None:
    github = GitHub()
    issue.settle(github.repository(), [DIFFERS], STACKS)
    assert "nothing is known of prod" in issue.settle(github.repository(), AGREES[:1], STACKS)
    assert github.issues[0]["state"] == "open"


def test_somebody_elses_issue_with_the_label_is_left_alone() -> None:
    github = GitHub()
    github.issues = [{"number": 1, "state": "open", "body": "my own words", "labels": ["drift"]}]
    assert issue.settle(github.repository(), [DIFFERS], STACKS) == "opened #2"
    assert github.issues[0]["body"] == "my own words"


def test_a_refusal_says_what_was_asked_and_why_not() -> None:
    github = GitHub()
    github.refuses = True
    with pytest.raises(GitHubError, match=r"403 to GET issues/7/comments: Resource not accessible"):
        comment.write(github.repository(), 7, "text")


def test_outside_a_workflow_the_missing_variables_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    with pytest.raises(GitHubError, match="GITHUB_REPOSITORY and GITHUB_TOKEN must be set"):
        repository()
    assert issue.main([str(tmp_path), *STACKS]) == 1
