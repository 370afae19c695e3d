"""`python -m services.shared.probe`: exit 0 while the container's own server answers; what an image's HEALTHCHECK runs.

The port is the one that the container was started with, so that no image has to know it.
"""

from __future__ import annotations

import itertools
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

COMMAND = Path("/proc/1/cmdline")
"""What the container runs; with an init process in front, that one's arguments hold the command too."""

_PATIENCE_S = 3


def port_of(command: Sequence[str]) -> int | None:
    """The port behind `--port`; None for a command that serves nothing, such as a migration."""
    following = dict(itertools.pairwise(command))
    return int(following["--port"]) if "--port" in following else None


def is_alive(port: int) -> bool:
    """Whether a server on the port says that its process works."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=_PATIENCE_S):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    found = port_of(COMMAND.read_text(encoding="utf-8").split("\0"))
    sys.exit(0 if found is None or is_alive(found) else 1)
