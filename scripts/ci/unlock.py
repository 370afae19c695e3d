"""Take away the lock that a pipeline's job left on a stack: `python -m scripts.ci.unlock STACK --own`.

A deployment that is killed leaves a lock in the state's bucket, and every later one fails until somebody removes it.
A lock says who holds it (Pulumi, pkg/backend/diy/lock.go: pid, username, hostname, timestamp). One of this very
machine whose process is gone is nobody's; so is one of the same user that is older than any job may become. A lock of
anybody else, such as a person who deploys from a laptop, is left alone and named.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

PROJECT = "sri"


@dataclass(frozen=True, kw_only=True)
class Lock:
    """`key`: where it lies in the state; the rest is what its holder wrote into it."""

    key: str
    pid: int
    user: str
    host: str
    since: datetime

    @classmethod
    def of(cls, key: str, text: str) -> Lock:
        """Raises ValueError for what is no lock."""
        try:
            said = json.loads(text)
            since = datetime.fromisoformat(said["timestamp"])
            return cls(key=key, pid=said["pid"], user=said["username"], host=said["hostname"], since=since)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{key} is no lock: {error}") from error


class State(Protocol):
    """Where a stack's state lies."""

    def locks(self, prefix: str) -> list[Lock]:
        """The locks below `prefix`."""

    def remove(self, lock: Lock) -> None:
        """Take one away."""


class Folder:
    """State in a folder of this machine (`file://`)."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def locks(self, prefix: str) -> list[Lock]:
        """The locks below `prefix`."""
        files = sorted((self._root / prefix).glob("*.json"))
        return [Lock.of(file.relative_to(self._root).as_posix(), file.read_text(encoding="utf-8")) for file in files]

    def remove(self, lock: Lock) -> None:
        """Take one away."""
        (self._root / lock.key).unlink(missing_ok=True)


class Bucket:
    """State in a bucket, below an optional path (`s3://bucket/path`). `client`: boto3's for S3."""

    def __init__(self, client: Any, name: str, path: str = "") -> None:
        self._client, self._name, self._path = client, name, f"{path.strip('/')}/" if path.strip("/") else ""

    def locks(self, prefix: str) -> list[Lock]:
        """The locks below `prefix`."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._name, Prefix=f"{self._path}{prefix}/"
        )
        keys = sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))
        return [Lock.of(key, self._read(key)) for key in keys if key.endswith(".json")]

    def _read(self, key: str) -> str:
        body: bytes = self._client.get_object(Bucket=self._name, Key=key)["Body"].read()
        return body.decode()

    def remove(self, lock: Lock) -> None:
        """Take one away."""
        self._client.delete_object(Bucket=self._name, Key=lock.key)


def state_at(url: str) -> State | None:
    """The state at `url`; None where the service itself knows whose a lock is (Pulumi Cloud)."""
    scheme, _, rest = url.partition("://")
    place = rest.partition("?")[0]
    if scheme == "file":
        # The CLI keeps `.pulumi` below the folder, wherever the URL's ~ points.
        return Folder(Path(place).expanduser())
    if scheme == "s3":
        import boto3  # noqa: PLC0415  (slow; not for --help)

        name, _, path = place.partition("/")
        return Bucket(boto3.client("s3"), name, path)
    return None


def is_left_behind(lock: Lock, *, own: bool, older_than: timedelta | None, now: datetime) -> bool:
    """Whether nobody can be working behind this lock any more."""
    if own and lock.host == socket.gethostname():
        return not _runs(lock.pid)
    mine = lock.user == getpass.getuser()
    return mine and older_than is not None and now - lock.since > older_than


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def unlock(state: State, stack: str, *, own: bool, older_than: timedelta | None) -> list[str]:
    """Remove the locks of `stack` that nobody holds; a sentence for each lock there was."""
    said = []
    for lock in state.locks(f".pulumi/locks/organization/{PROJECT}/{stack}"):
        who = f"{lock.user}@{lock.host} (process {lock.pid}) since {lock.since.isoformat(timespec='seconds')}"
        if is_left_behind(lock, own=own, older_than=older_than, now=datetime.now(UTC)):
            state.remove(lock)
            said.append(f"removed the lock that was left by {who}")
        else:
            said.append(f"left alone: {stack} is locked by {who}")
    return said


def main(arguments: Sequence[str]) -> int:
    """0, whether there was a lock or not; 1 where the state cannot be read, 2 where it is not said."""
    parser = argparse.ArgumentParser(prog="python -m scripts.ci.unlock", description="Remove a lock nobody holds.")
    parser.add_argument("stack")
    parser.add_argument("--own", action="store_true", help="locks of this machine whose process is gone")
    parser.add_argument("--older-than", type=float, metavar="MINUTES", help="locks of this user that are older")
    given = parser.parse_args(arguments)
    url = os.environ.get("PULUMI_BACKEND_URL", "")
    if not url:
        sys.stderr.write("PULUMI_BACKEND_URL must say where the state lies, such as s3://your-bucket\n")
        return 2
    state = state_at(url)
    older_than = None if given.older_than is None else timedelta(minutes=given.older_than)
    try:
        said = [] if state is None else unlock(state, given.stack, own=given.own, older_than=older_than)
    except (BotoCoreError, ClientError, OSError, ValueError) as error:
        sys.stderr.write(f"the locks in {url} cannot be read: {error}\n")
        return 1
    sys.stdout.write("".join(f"{line}\n" for line in said) or f"{given.stack} is not locked\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
