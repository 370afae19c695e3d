"""Being the supervisor: alone in its state directory, after tidying up, until told to stop.

`python -m scripts.local.supervise OPTIONS DESCRIPTOR` is the supervisor of a detached platform: it tells its parent
what happens through that file descriptor.
"""

from __future__ import annotations

import asyncio
import os
import sys

from scripts.local import containers, logs
from scripts.local.errors import LocalRunError
from scripts.local.lock import Lock
from scripts.local.options import Options
from scripts.local.registry import SUPERVISOR, Registry
from scripts.local.report import Event, Pipe, Report
from scripts.local.supervisor import Supervisor

INTERRUPTED = 130


def supervise(options: Options, report: Report) -> int:
    """Be the supervisor until told to stop; the exit code."""
    state = options.state
    with Lock(state) as lock:
        if not lock.held:
            report(Event("failed", "The platform is being started or stopped right now: try again in a moment."))
            return 1
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


if __name__ == "__main__":
    sys.exit(supervise(Options.from_json(sys.argv[1]), Pipe(int(sys.argv[2]))))
