"""`up --detach`: the supervisor as a process that outlives the command, which shows its progress until it is ready."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from scripts.local.errors import LocalRunError
from scripts.local.options import Options
from scripts.local.processes import last_lines
from scripts.local.registry import SUPERVISOR
from scripts.local.report import Event, Report
from scripts.local.state import REPOSITORY
from services import catalog

WEB_APP = REPOSITORY / "services/frontend/web/dist/index.html"


def check_web_app() -> None:
    """LocalRunError unless the web app is built, if there is one."""
    has_web_app = any(service.name == "frontend" for service in catalog.SERVICES)
    if has_web_app and not WEB_APP.exists():
        raise LocalRunError("The web app is not built: run `make web` (it needs Node 20), or start with `make up`.")


def start(options: Options, report: Report) -> int:
    """Start the supervisor as a process of its own, and return once the platform is ready (0) or has failed (1)."""
    log = options.state.log(SUPERVISOR)
    reading, writing = os.pipe()
    with log.open("wb") as output, os.fdopen(reading) as events:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.local.supervise", options.to_json(), str(writing)],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[writing],
            start_new_session=True,
        )
        os.close(writing)
        try:
            return follow(process, events, log, report)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise


def follow(process: subprocess.Popen[bytes], events: IO[str], log: Path, report: Report) -> int:
    """Show what the supervisor tells until it is ready (0) or has failed (1)."""
    for event in (Event(**json.loads(line)) for line in events):
        report(event)
        if event.kind == "ready":
            return 0
        if event.kind == "failed":
            process.wait()
            return 1
    code = process.wait()
    lines = "".join(f"\n    {line}" for line in last_lines(log))
    raise LocalRunError(f"The supervisor ended with {code} before the platform was ready. Its last lines:{lines}")
