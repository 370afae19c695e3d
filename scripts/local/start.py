"""The command `up`: the supervisor here, or in a process of its own that outlives the command."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from scripts.local import containers, logs
from scripts.local.errors import LocalRunError
from scripts.local.lock import Lock
from scripts.local.processes import last_lines
from scripts.local.registry import SUPERVISOR, Registry
from scripts.local.report import Event, Report
from scripts.local.state import REPOSITORY
from scripts.local.supervisor import Options, Supervisor
from services import catalog

INTERRUPTED = 130
WEB_APP = REPOSITORY / "services/frontend/web/dist/index.html"


def check_web_app() -> None:
    """LocalRunError unless the web app is built, if there is one."""
    has_web_app = any(service.name == "frontend" for service in catalog.SERVICES)
    if has_web_app and not WEB_APP.exists():
        raise LocalRunError("The web app is not built: run `make web` (it needs Node 20), or start with `make up`.")


def supervise(options: Options, report: Report) -> int:
    """Be the supervisor until told to stop; the exit code."""
    state = options.state
    with Lock(state) as lock:
        if not lock.held:
            raise LocalRunError("The platform is being started or stopped right now: try again in a moment.")
        registry = Registry(state)
        left_over = registry.sweep()
        containers.remove_all(state)
        if left_over:
            report(Event("step", "tidied up", f"of an earlier run: {', '.join(left_over)}"))
        logs.start_afresh(state)
        registry.add(os.getpid(), SUPERVISOR)
        try:
            was_up = asyncio.run(Supervisor(options, report).run())
        except LocalRunError as error:
            report(Event("failed", str(error)))
            return 1
        finally:
            registry.remove(os.getpid())
    if not was_up:
        report(Event("failed", "Stopped before the platform was up."))
        return INTERRUPTED
    report(Event("step", "stopped"))
    return 0


def detach(options: Options, report: Report) -> int:
    """Start the supervisor as a process of its own, show its progress, and return once the platform is ready."""
    state = options.state
    reading, writing = os.pipe()
    arguments = ["up", "--state-dir", str(state.root), "--program", str(options.program), "--events", str(writing)]
    arguments += ["--port", str(options.port)] if options.port else []
    arguments += ["--docker"] if options.docker else []
    log = state.log(SUPERVISOR)
    with log.open("wb") as output, os.fdopen(reading) as events:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.local", *arguments],
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
