"""`python -m scripts.rehearse STACK`: deploy a stack by the real engine and provider into an emulator on this machine.

No AWS account takes part, no container engine, and nothing of the stack's own state. Exit codes: 0 every stage holds;
1 one does not; 2 there is no such stack, or its configuration cannot be rehearsed; 3 the Pulumi CLI or its AWS
plug-in is missing.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.local import control_plane
from scripts.local.errors import LocalRunError
from scripts.local.processes import HOST, free_ports, running
from scripts.rehearsal.errors import RehearsalError, ToolMissingError
from scripts.rehearsal.report import Stage, document, table
from scripts.rehearsal.tools import require_tools
from scripts.stack import ROOT

FAILED, USAGE, NO_TOOLS = 1, 2, 3


def main(arguments: list[str] | None = None) -> int:
    """Rehearse; the exit code."""
    options = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    try:
        require_tools()
        with workplace(options.keep) as folder:
            return rehearse(options, folder)
    except ToolMissingError as error:
        print(error, file=sys.stderr)
        return NO_TOOLS
    except (RehearsalError, LocalRunError) as error:
        print(error, file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """The options."""
    root = argparse.ArgumentParser(
        prog="python -m scripts.rehearse", description="Deploys a stack into an emulator of AWS on this machine."
    )
    root.add_argument("stack", metavar="STACK", help="one with a file Pulumi.STACK.yaml")
    root.add_argument("--json", action="store_true", help="write one JSON document; progress goes to standard error")
    root.add_argument("--keep", type=Path, metavar="DIR", help="leave the copy, the state and the emulator's log there")
    return root


@contextmanager
def workplace(kept: Path | None) -> Iterator[Path]:
    """A folder for the copy and the state, gone afterwards unless it is to be kept."""
    folder = (kept or Path(tempfile.mkdtemp(prefix="rehearsal-"))).absolute()
    for name in ("program", "state", "home"):
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


def rehearse(options: argparse.Namespace, folder: Path) -> int:
    """All stages, in the folder; the exit code. RehearsalError before the first of them."""
    # Slow to load, and of no use to whoever lacks the tools.
    from scripts.rehearsal import account, emulator, gaps  # noqa: PLC0415
    from scripts.rehearsal.engine import Engine, private_environment  # noqa: PLC0415
    from scripts.rehearsal.private_copy import make_copy  # noqa: PLC0415
    from scripts.rehearsal.stages import NAMES, Rehearsal  # noqa: PLC0415

    port = free_ports(1)[0]
    endpoint = f"http://{HOST}:{port}"
    copy = make_copy(ROOT, folder / "program", options.stack, endpoint)
    done: list[Stage] = []
    with running(emulator.command(HOST, port), folder / "emulator.log"):
        control_plane.wait(endpoint)
        notes = account.prepare(copy, endpoint)
        with private_environment(copy.region, endpoint, folder / "state"):
            rehearsal = Rehearsal(copy, Engine(copy), endpoint, folder / "state")
            tell(f"Rehearsing {copy.stack} in an emulator of AWS on this machine: {', '.join(NAMES)} ...")
            for stage in rehearsal.stages():
                done.append(stage)
                tell(table([stage]).partition("\n")[2])
    notes += [*rehearsal.notes, *gaps.sentences()]
    if options.json:
        print(json.dumps(document(copy.stack, done, notes), indent=2))
    else:
        print(table(done))
        print("\nThe emulator is not AWS: it refuses nothing for want of permissions, quotas or capacity.")
        print("What a rehearsal does not show beside, or had to be helped with:")
        print("\n".join(f"- {note}" for note in notes))
    return 0 if all(stage.result == "ok" for stage in done) else FAILED


def tell(text: str) -> None:
    """Progress, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
