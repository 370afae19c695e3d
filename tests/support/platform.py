"""The whole platform for end-to-end tests, in a temporary state directory: the same command that people use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.local import cognito
from scripts.local.processes import free_ports, last_lines
from scripts.local.state import REPOSITORY, read_json

UP_OPTIONS = "SRI_UP_OPTIONS"


@dataclass(frozen=True)
class Platform:
    """A platform that is up; `url` is its origin, `state_dir` what would be `.local`."""

    url: str
    state_dir: Path

    def mail(self, email: str) -> str:
        """The newest code that was sent to the address."""
        sent = cognito.mails(read_json(self.state_dir / "run.json")["cognito_url"])
        return [message.code for message in sent if message.to.lower() == email.lower() and message.code][-1]


def run_local(state_dir: Path, *arguments: str, timeout: float = 110) -> subprocess.CompletedProcess[str]:
    """`python -m scripts.local COMMAND ...` on a state directory of its own."""
    command, *rest = arguments
    return subprocess.run(
        [sys.executable, "-m", "scripts.local", command, "--state-dir", str(state_dir), *rest],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@contextmanager
def state_directory() -> Iterator[Path]:
    """A state directory that the database server's account can enter too (pytest's own are closed)."""
    folder = Path(tempfile.mkdtemp(prefix="platform-"))
    folder.chmod(0o711)
    try:
        yield folder / "state"
    finally:
        if (folder / "state" / "lock").exists():  # somebody called `up`
            run_local(folder / "state", "down")
        shutil.rmtree(folder)


@contextmanager
def running_platform(state_dir: Path, *options: str) -> Iterator[Platform]:
    """The platform for as long as the block lasts. With `--docker` images may have to be built first."""
    patience = 900 if "--docker" in options else 110
    started = run_local(state_dir, "up", "--detach", "--port", str(free_ports(1)[0]), *options, timeout=patience)
    assert started.returncode == 0, f"{started.stderr}\n{started.stdout}"
    try:
        yield Platform(read_json(state_dir / "outputs.json")["url"], state_dir)
    finally:
        stopped = run_local(state_dir, "down")
        assert stopped.returncode == 0, "\n".join([stopped.stderr, *last_lines(state_dir / "logs/supervisor.log")])


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """One platform for all end-to-end tests of this process. Tests keep apart by using users of their own.

    The environment variable SRI_UP_OPTIONS holds options of `up`, such as --docker.
    """
    with state_directory() as state_dir, running_platform(state_dir, *os.environ.get(UP_OPTIONS, "").split()) as up:
        yield up
