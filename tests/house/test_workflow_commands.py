"""Every command of the workflows is run here, as far as it can be without an account, an engine and root's rights."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob(".github/actions/*/action.yml")])

NEEDS = {
    "docker version": "an engine",
    "sudo apt-get": "the machine's owner",
    ".venv/bin/python -m scripts.build_and_push": "a registry in AWS",
    ".venv/bin/python -m scripts.deploy": "an account of AWS",
    ".venv/bin/python -m scripts.smoke": "a deployed stack",
    ".venv/bin/python -m scripts.ci.preview": "an account of AWS",
    ".venv/bin/python -m scripts.ci.nightly": "an account of AWS",
    ".venv/bin/python -m scripts.ci.repositories": "a deployed stack",
}
"""What begins so cannot run here, and what it would need. Its options are held to those that the command has."""

REALLY_RUN = ("scripts.ci.comment", "scripts.ci.issue", "scripts.ci.unlock")


@dataclass(frozen=True)
class Command:
    """One `run:` of a workflow, with the variables that its job and step give it."""

    line: str
    where: str
    environment: dict[str, str] = field(default_factory=dict)


def sample(value: Any) -> str:
    """What an expression may come to; everything else as it is."""
    text = str(value)
    if "${{" not in text:
        return text
    found = {"stack": "dev", "from": "dev", "allow": "opens-network", "number": "7", "token": "t"}
    return next((sample for word, sample in found.items() if re.search(rf"\.{word} }}}}", text)), "")


def commands() -> Iterator[Command]:
    for path in FILES:
        document = yaml.safe_load(path.read_text())
        jobs = document.get("jobs", {}) | ({"runs": document["runs"]} if "runs" in document else {})
        for job in jobs.values():
            for step in job.get("steps", []):
                if "run" in step:
                    given = {**document.get("env", {}), **job.get("env", {}), **step.get("env", {})}
                    yield Command(step["run"], path.name, {name: sample(value) for name, value in given.items()})


ALL = list(commands())
HERE = [command for command in ALL if not command.line.startswith(tuple(NEEDS))]


def in_bash(line: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As a runner does it: bash that stops at the first failure, of a pipe too."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", line],
        cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_every_command_is_run_here_or_has_a_reason_why_not() -> None:
    made = [command.line for command in HERE if command.line.startswith("make ")]
    run = [command.line for command in HERE if any(f"-m {module} " in command.line for module in REALLY_RUN)]
    assert len(made) + len(run) == len(HERE)
    assert [start for start in NEEDS if not any(command.line.startswith(start) for command in ALL)] == []
    assert [command.line for command in ALL if "\n" in command.line] == []  # longer ones belong into scripts/ci


@pytest.mark.parametrize("command", [c for c in HERE if c.line.startswith("make ")], ids=lambda c: c.line)
def test_make_knows_what_it_is_asked_for(command: Command) -> None:
    ran = in_bash(command.line.replace("make ", "make --dry-run ", 1), ROOT, command.environment)
    assert ran.returncode == 0, ran.stderr
    assert "STACK=" not in command.line or " dev" in ran.stdout


class GitHub(BaseHTTPRequestHandler):
    """A repository without comments and issues, which takes whatever is posted."""

    posted: list[tuple[str, dict[str, Any]]]

    def do_GET(self) -> None:
        self._answer(200, [])

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).posted.append((self.path, body))
        self._answer(201, {"number": 1})

    def _answer(self, status: int, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Not into the test's output."""


@pytest.fixture
def github() -> Iterator[str]:
    """The address of a GitHub of this test's own."""
    GitHub.posted = []
    server = HTTPServer(("127.0.0.1", 0), GitHub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_comment_the_issue_and_the_lock_are_seen_to(tmp_path: Path, github: str) -> None:
    for name in (".venv", "scripts", "services"):
        (tmp_path / name).symlink_to(ROOT / name)
    for folder in ("preview", "reports"):
        (tmp_path / folder).mkdir()
    (tmp_path / "preview" / "dev.md").write_text("### Preview of `dev`")
    for name, drifted in (("dev", True), ("prod", False)):
        (tmp_path / "reports" / f"{name}.json").write_text(
            json.dumps({"stack": name, "drifted": drifted, "text": "### Drift of `dev`"})
        )
    outside = {"GITHUB_API_URL": github, "GITHUB_REPOSITORY": "owner/name"}
    state = {"PULUMI_BACKEND_URL": f"file://{tmp_path}"}
    lines = [command for command in HERE if any(f"-m {module} " in command.line for module in REALLY_RUN)]
    with ThreadPoolExecutor(len(lines)) as beside:
        ran = list(beside.map(lambda c: in_bash(c.line, tmp_path, {**c.environment, **outside, **state}), lines))
    assert [result.returncode for result in ran] == [0] * len(lines), [result.stderr for result in ran]
    written = {path: body["body"].splitlines()[-1] for path, body in GitHub.posted}
    assert written["/repos/owner/name/issues"] == "### Drift of `dev`"
    assert "### Preview of `dev`" in GitHub.posted[0][1]["body"] + GitHub.posted[1][1]["body"]
    assert set(written) == {"/repos/owner/name/issues", "/repos/owner/name/issues/7/comments"}
    assert [result.stdout for result in ran].count("dev is not locked\n") == 2


def module_of(line: str) -> str:
    return line.partition(" -m ")[2].split(maxsplit=1)[0]


def test_what_needs_an_account_is_called_with_options_that_it_has() -> None:
    lines = [command.line for command in ALL if command.line.startswith(".venv/bin/python -m scripts")]
    modules = sorted({module_of(line) for line in lines} - set(REALLY_RUN))
    with ThreadPoolExecutor(len(modules)) as beside:
        asked = dict(zip(modules, beside.map(usage, modules), strict=True))
    for line in lines:
        if module_of(line) in asked:
            used = set(re.findall(r"--[a-z-]+", line))
            assert used <= set(re.findall(r"--[a-z-]+", asked[module_of(line)])), line


def usage(module: str) -> str:
    ran = in_bash(f".venv/bin/python -m {shlex.quote(module)} --help", ROOT, {})
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
