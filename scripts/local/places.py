"""Folders that the account can get to which runs what root must not."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from scripts.local.errors import LocalRunError
from scripts.local.processes import Account, Command, base_environment


def reaches(account: Account | None, path: Path) -> bool:
    """Whether `account` can enter every folder above `path`. The last one is made if it is missing."""
    if account is None:
        return True
    path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    command = Command(argv=["/usr/bin/env", "test", "-x", f"{path.parent}/."], env=base_environment(), account=account)
    return subprocess.run(list(command.argv), **command.options(subprocess.DEVNULL), check=False).returncode == 0


def stand_in(wanted: Path, account: Account | None) -> Path:
    """The folder that stands in for `wanted` where its account cannot get there; one for each `wanted`."""
    name = f"sri-{account.name if account else 'local'}-{hashlib.sha256(str(wanted).encode()).hexdigest()[:12]}"
    return Path("/var/tmp") / name  # noqa: S108 - the files in it are 0700 and owned by the server's account


def made(folder: Path) -> Path:
    """The folder, made if it is missing; LocalRunError if it is somebody else's (/var/tmp is open to all)."""
    folder.mkdir(mode=0o711, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise LocalRunError(f"{folder} belongs to somebody else: remove it, it is where the database would be kept.")
    return folder
