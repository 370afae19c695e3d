"""The emulator that a stack is rehearsed in: moto's server on 127.0.0.1, its gaps filled.

Run as `python -m scripts.rehearsal.emulator -H HOST -p PORT`.
"""

from __future__ import annotations

import logging
import os
import sys

from scripts.local.processes import Command, base_environment
from scripts.local.state import REPOSITORY

SETTINGS = {
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "MOTO_ACM_VALIDATION_WAIT": "1",
    "MALLOC_ARENA_MAX": "2",
}
"""Read when moto is imported: AWS's own policies are there, and certificates are issued after a second."""


def command(host: str, port: int) -> Command:
    """The emulator as a process."""
    argv = [sys.executable, "-m", "scripts.rehearsal.emulator", "-H", host, "-p", str(port)]
    return Command(argv=argv, env=base_environment() | SETTINGS, cwd=REPOSITORY)


def main() -> None:
    """Serve until ended."""
    os.environ.update(SETTINGS)
    from moto import server  # noqa: PLC0415 - it reads the settings

    from scripts.rehearsal.gaps import GAPS  # noqa: PLC0415 - so does this

    for fill in GAPS:
        fill()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server.main()


if __name__ == "__main__":
    main()
