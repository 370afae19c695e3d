"""A lock that a lost deployment left is removed; one that somebody holds is not."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts.ci import unlock as module
from scripts.ci.unlock import Bucket, Folder, Lock, State, is_left_behind, state_at, unlock

HERE = socket.gethostname()
ME = getpass.getuser()
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOCKS = ".pulumi/locks/organization/sri/dev"


def lock(*, host: str = HERE, user: str = ME, pid: int = os.getpid(), age: timedelta = timedelta(0)) -> Lock:
    return Lock(key=f"{LOCKS}/1.json", pid=pid, user=user, host=host, since=NOW - age)


def text(found: Lock) -> str:
    # Go writes nanoseconds.
    since = found.since.strftime("%Y-%m-%dT%H:%M:%S.123456789Z")
    return json.dumps({"pid": found.pid, "username": found.user, "hostname": found.host, "timestamp": since})


@pytest.fixture(scope="module")
def ended() -> int:
    """The number of a process that is gone."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_lock_of_this_machine_is_left_behind_once_its_process_is_gone(ended: int) -> None:
    assert is_left_behind(lock(pid=ended), own=True, older_than=None, now=NOW)
    assert not is_left_behind(lock(), own=True, older_than=None, now=NOW)
    assert not is_left_behind(lock(pid=ended), own=False, older_than=None, now=NOW)


def test_a_lock_of_another_machine_is_left_behind_once_no_job_can_be_that_old() -> None:
    assert is_left_behind(lock(host="lost", age=2 * HOUR), own=False, older_than=HOUR, now=NOW)
    assert not is_left_behind(lock(host="busy", age=HOUR / 2), own=False, older_than=HOUR, now=NOW)


def test_a_persons_lock_is_never_taken_however_old() -> None:
    assert not is_left_behind(lock(host="laptop", user="ada", age=99 * HOUR), own=True, older_than=HOUR, now=NOW)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket called "state"."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="state")
        yield client


@pytest.mark.parametrize("path", ["", "team/platform"])
def test_in_a_bucket_only_the_stacks_own_left_locks_go(bucket: Any, ended: int, path: str) -> None:
    base = f"{path}/{LOCKS}".lstrip("/")
    bucket.put_object(Bucket="state", Key=f"{base}/left.json", Body=text(lock(pid=ended)))
    bucket.put_object(Bucket="state", Key=f"{base}/held.json", Body=text(lock(host="laptop", user="ada")))
    other = f"{base.removesuffix('dev')}prod/left.json"
    bucket.put_object(Bucket="state", Key=other, Body=text(lock(pid=ended)))
    state = state_at(f"s3://state/{path}?region=us-east-1")
    assert isinstance(state, Bucket)
    said = unlock(state, "dev", own=True, older_than=None)
    assert [line.split(":")[0].split(" by ")[0] for line in said] == [
        "left alone",
        "removed the lock that was left",
    ]
    assert "ada@laptop" in said[0]
    keys = {entry["Key"] for entry in bucket.list_objects_v2(Bucket="state")["Contents"]}
    assert keys == {f"{base}/held.json", other}


def test_the_command_says_what_it_removed(
    tmp_path: Path, ended: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / LOCKS).mkdir(parents=True)
    (tmp_path / LOCKS / "1.json").write_text(text(lock(pid=ended)))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    assert module.main(["dev", "--own"]) == 0
    assert "removed the lock that was left by" in capsys.readouterr().out
    assert list((tmp_path / LOCKS).iterdir()) == []
    assert module.main(["dev", "--own"]) == 0
    assert capsys.readouterr().out == "dev is not locked\n"


def test_a_state_that_cannot_be_read_is_named(
    bucket: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://another")
    assert module.main(["dev", "--own"]) == 1
    assert "the locks in s3://another cannot be read" in capsys.readouterr().err


def test_without_a_state_it_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    assert module.main(["dev"]) == 2
    assert "s3://your-bucket" in capsys.readouterr().err


def test_a_service_that_keeps_its_own_locks_is_left_alone() -> None:
    assert state_at("https://api.pulumi.com") is None


def test_what_is_no_lock_is_named(tmp_path: Path) -> None:
    (tmp_path / LOCKS).mkdir(parents=True)
    (tmp_path / LOCKS / "1.json").write_text("{}")
    state: State = Folder(tmp_path)
    with pytest.raises(ValueError, match=r"locks/organization/sri/dev/1\.json is no lock"):
        unlock(state, "dev", own=True, older_than=None)


@pytest.mark.pulumi
def test_the_lock_of_a_cli_that_was_killed_is_found_and_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = shutil.which("pulumi")
    if cli is None:
        pytest.skip("no Pulumi CLI is installed here")
    project, state = tmp_path / "project", tmp_path / "state"
    for made in (project, state):
        made.mkdir()
    (project / "Pulumi.yaml").write_text("name: sri\nruntime: python\n")
    (project / "__main__.py").write_text("import time\ntime.sleep(60)\n")
    for name, value in {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "passphrase",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }.items():
        monkeypatch.setenv(name, value)
    subprocess.run([cli, "stack", "init", "dev"], cwd=project, check=True, capture_output=True)
    silent = subprocess.DEVNULL
    update = subprocess.Popen(
        [cli, "up", "--yes", "--skip-preview"], cwd=project, stdout=silent, stderr=silent, start_new_session=True
    )
    folder = Folder(state)
    for _ in range(200):
        if folder.locks(LOCKS):
            break
        time.sleep(0.1)
    assert unlock(folder, "dev", own=True, older_than=None)[0].startswith("left alone: dev is locked by")
    os.killpg(update.pid, signal.SIGKILL)
    update.wait()
    assert unlock(folder, "dev", own=True, older_than=None)[0].startswith("removed the lock that was left by")
    (project / "__main__.py").write_text("")
    subprocess.run([cli, "up", "--yes", "--skip-preview"], cwd=project, check=True, capture_output=True)
