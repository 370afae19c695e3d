"""Walk through a deployed platform as a user: `python -m scripts.smoke STACK`.

Makes a throw-away user through the pool's admin API (nothing is mailed), signs in over the public address, calls what
there is to call, and sees that what must be refused is refused. The user and what is theirs go in any case, also after
a failure or Ctrl-C. STACK `local` is the local run.

Exit code: 0 all is well; 1 a step failed; 2 it could not begin.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from scripts.accounts.errors import UsersError
from scripts.accounts.stack import Stack, deployed_stack, local_stack
from scripts.delivery.console import Console, terminable
from scripts.delivery.diagnostics import redacted
from scripts.delivery.throwaway import Pool, Throwaway
from scripts.delivery.walk import DELETE_USER, StepError, Walk
from scripts.stack import StackError

LOCAL = "local"
GOOD, FAILED, USAGE = 0, 1, 2


@dataclass(frozen=True)
class Result:
    """One step: how long it took, and what was wrong with it, "" for nothing."""

    step: str
    seconds: float
    error: str = ""


def main(arguments: Sequence[str]) -> int:
    """Run the command; its exit code."""
    given = parser().parse_args(arguments)
    console = Console(machine=given.json)
    try:
        stack = _stack(given)
        url = str(stack.outputs["url"])
        walk = Walk(url, Pool(stack.cognito(), stack.pool_id), Throwaway.new(), given.wait)
    except (StackError, UsersError, BotoCoreError) as error:
        console.complain(str(error))
        console.document({"stack": given.stack, "ok": False, "message": str(error), "steps": [], "cleanup": []})
        return USAGE
    began = time.monotonic()
    console.say(f"Walking through {url} as {walk.user.email}")
    steps, cleanup = _walk(walk, console)
    bad = [result for result in (*steps, *cleanup) if result.error]
    message = _message(steps, cleanup, walk)
    (console.complain if bad else console.say)(message)
    console.document(
        {
            "stack": given.stack,
            "url": url,
            "ok": not bad,
            "message": message,
            "seconds": round(time.monotonic() - began, 2),
            "steps": [asdict(result) for result in steps],
            "cleanup": [asdict(result) for result in cleanup],
        }
    )
    return FAILED if bad else GOOD


def parser() -> argparse.ArgumentParser:
    """The options."""
    found = argparse.ArgumentParser(prog="python -m scripts.smoke", description="Walk through a deployed platform.")
    found.add_argument("stack", metavar="STACK", help=f"dev, prod or another; {LOCAL} for the local run")
    found.add_argument("--outputs", type=Path, metavar="FILE", help="what `pulumi stack output --json` wrote")
    found.add_argument("--wait", type=float, default=60, metavar="SECONDS", help="for the address to answer at first")
    found.add_argument("--json", action="store_true", help="one document for machines on stdout")
    return found


def _stack(given: argparse.Namespace) -> Stack:
    if given.stack == LOCAL and given.outputs is None:
        return local_stack(None)
    return deployed_stack(given.stack, given.outputs, None)


def _walk(walk: Walk, console: Console) -> tuple[list[Result], list[Result]]:
    """Walk and clean up, whatever comes between: how the steps of both went."""
    steps: list[Result] = []
    cleanup: list[Result] = []
    with terminable():
        try:
            _take(walk.steps(), console, steps)
        except KeyboardInterrupt:
            steps.append(Result("the walk", 0, "stopped by hand"))
            console.complain("Stopped by hand; cleaning up.")
        try:
            _take(walk.clean_up(), console, cleanup, on=True)
        except KeyboardInterrupt:
            cleanup.append(Result(DELETE_USER, 0, "stopped by hand"))
    return steps, cleanup


def _take(
    steps: Iterable[tuple[str, Callable[[], None]]], console: Console, results: list[Result], *, on: bool = False
) -> None:
    """Take the steps, say how each went and note it in `results`; `on`: also those after one that failed."""
    for name, step in steps:
        began = time.monotonic()
        error = ""
        try:
            step()
        except (StepError, httpx.HTTPError, ClientError, BotoCoreError) as problem:
            error = redacted(str(problem) or type(problem).__name__)
        except Exception as problem:  # an answer that nobody thought of must not keep anybody from cleaning up
            error = redacted(f"{type(problem).__name__}: {problem}")
        results.append(Result(name, round(time.monotonic() - began, 3), error))
        console.say(f"  {'FAIL' if error else 'ok':<4} {results[-1].seconds:7.2f} s  {name}{error and f': {error}'}")
        if error and not on:
            return


def _message(steps: Sequence[Result], cleanup: Sequence[Result], walk: Walk) -> str:
    failed = next((result for result in steps if result.error), None)
    left = [result for result in cleanup if result.error]
    said = f"The walk failed: {failed.step}: {failed.error}." if failed else f"All {len(steps)} steps went well."
    if any(result.step == DELETE_USER for result in left):
        return f"{said} The user {walk.user.email} may be left: delete it from the pool."
    if left:
        return f"{said} The user is gone, but may be left in the database: `python -m scripts.users reconcile` says so."
    return said


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
