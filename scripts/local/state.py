"""Where the local run keeps what outlives it: the `.local` folder, its files and who may read them."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
STATE_DIR_VARIABLE = "SRI_STATE_DIR"

_WRITING = threading.Lock()


class State:
    """The state directory of one local platform. Creates the folders it is asked for.

    The directory may be entered by other users (the database server runs as one when started by root) but not
    listed by them; the files with secrets in them are 0600.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or Path(os.environ.get(STATE_DIR_VARIABLE) or REPOSITORY / ".local")).absolute()

    @property
    def postgres(self) -> Path:
        """The database cluster's data directory (unless its user cannot get there: see postgres.py)."""
        return self.root / "postgres"

    @property
    def cognito(self) -> Path:
        """The user pools, with their users and signing keys."""
        return self.root / "cognito"

    @property
    def image_registry(self) -> Path:
        """The images that `--docker` built, as its registry keeps them."""
        return self.root / "registry"

    @property
    def logs(self) -> Path:
        """One file for each part that writes a log."""
        return self._folder("logs")

    @property
    def outputs(self) -> Path:
        """The stack's outputs as plain JSON, name to value. Holds no secret."""
        return self.root / "outputs.json"

    @property
    def run(self) -> Path:
        """What is running: the supervisor, the URL, the ports; it stays behind so that the ports can be reused."""
        return self.root / "run.json"

    @property
    def processes(self) -> Path:
        """A file for each process that was started and not yet seen to end."""
        return self.root / "processes"

    @property
    def secrets(self) -> Path:
        """Generated values that must survive a restart."""
        return self.root / "secrets.json"

    def create(self) -> None:
        """Make the directory if it is missing."""
        self.root.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.root.chmod(0o711)

    def log(self, part: str) -> Path:
        """The log file of one part."""
        return self.logs / f"{part}.log"

    def kept_secret(self, name: str) -> str | None:
        """The generated value called `name`, from this run or an earlier one."""
        return read_json(self.secrets).get(name)

    def keep_secret(self, name: str, value: str) -> None:
        """Keep a generated value for later runs."""
        with _WRITING:
            write_json(self.secrets, {**read_json(self.secrets), name: value}, mode=0o600)

    def _folder(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in the file; an empty one if there is no such file."""
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return content


def write_json(path: Path, content: dict[str, Any], *, mode: int = 0o644) -> None:
    """Replace the file in one step, so that no reader ever sees half of it."""
    path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        json.dump(content, file, indent=2, sort_keys=True)
        file.write("\n")
    draft.replace(path)
