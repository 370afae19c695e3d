"""A stack's outputs, for every command that needs them: from the Pulumi CLI, or from a file that it wrote."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

INSTALL = "https://www.pulumi.com/docs/install/"

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that is not known before the update that makes it (Pulumi's own constant)."""

_PATIENCE_S = 120


class StackError(Exception):
    """A stack's outputs cannot be had, or lack one; the text says why and what to do about it."""


class Outputs(dict[str, Any]):
    """A stack's outputs by name; asking for one that is not there is a StackError that says how to get it."""

    def __init__(self, values: dict[str, Any], origin: str) -> None:
        # What a part of the stack left open that is yet to be deployed is as good as missing.
        super().__init__({name: value for name, value in values.items() if UNKNOWN not in json.dumps(value)})
        self._origin = origin

    def __missing__(self, name: str) -> Any:
        raise StackError(
            f"{self._origin} has no output {name}: deploy the stack first, `python -m scripts.deploy STACK`."
        )


def outputs(stack: str | None, file: Path | None = None) -> Outputs:
    """The outputs of the stack, or those in the file (what `pulumi stack output --json` wrote) when one is given.

    A secret output is never asked for in clear text. Raises StackError.
    """
    if file is not None:
        return _of_file(file)
    if not stack:
        raise StackError("No stack is named: give its name, or a file with its outputs.")
    return _of_cli(stack)


def _of_file(path: Path) -> Outputs:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StackError(f"{path} holds no outputs: {error}") from error
    if not isinstance(found, dict):
        raise StackError(
            f"{path} holds no outputs: it must be one JSON object, as `pulumi stack output --json` writes."
        )
    return Outputs(found, str(path))


def _of_cli(stack: str) -> Outputs:
    command = ["pulumi", "stack", "output", "--json", "--non-interactive", "--stack", stack]
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        result = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=_PATIENCE_S
        )
    except FileNotFoundError as error:
        raise StackError(
            f"A deployed stack's outputs need the Pulumi CLI ({INSTALL}); or give a file that "
            "`pulumi stack output --json` wrote elsewhere, with --outputs."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise StackError(
            f"The outputs of {stack} did not come within {_PATIENCE_S} s: is its state reachable?"
        ) from error
    except subprocess.CalledProcessError as error:
        raise StackError(_why(stack, error.stderr)) from error
    return Outputs(json.loads(result.stdout), f"The stack {stack}")


def _why(stack: str, said: str) -> str:
    """What the CLI complained about, with what to do where that is known."""
    reason = said.strip().removeprefix("error: ").rstrip(".")
    if "no stack named" in reason:
        return (
            f"There is no stack {stack}: `pulumi stack ls` shows those there are, `pulumi stack init {stack}` makes it."
        )
    if "PULUMI_ACCESS_TOKEN" in reason or "not yet logged in" in reason:
        return f"The outputs of {stack} cannot be read: say where the state lives, `pulumi login s3://your-bucket`."
    return f"The outputs of {stack} cannot be read: {reason or 'the Pulumi CLI gives no reason'}."
