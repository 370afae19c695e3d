"""Pulumi's engine on the private copy, through the Automation API; what happened is told in terms of resources."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi import automation as auto
from pulumi.automation import EngineEvent

from scripts.rehearsal.errors import RehearsalError, ToolMissingError
from scripts.rehearsal.private_copy import PrivateCopy

UNCHANGED = {"same", "read", "read-replacement", "refresh", "discard", "read-discarded"}
"""Operations that change nothing."""

PASSPHRASE = "rehearsal"  # noqa: S105 - of a state that lives as long as the rehearsal
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
AFTERWARDS = ("KeyboardInterrupt", "update failed", "resource monitor shut down", "program exited with non-zero")
ANSI = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")


@dataclass
class Happened:
    """`counts`: operation -> resources. `changes`: one line for each resource that was not left as it is."""

    counts: dict[str, int] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0


@contextmanager
def private_environment(region: str, endpoint: str, state: Path) -> Iterator[None]:
    """Nothing of the caller's AWS or Pulumi: whatever is started from here finds the emulator, and nothing else."""
    before = dict(os.environ)
    state.mkdir(parents=True, exist_ok=True)
    home = _private_home(state.parent / "home", Path(before.get("PULUMI_HOME") or Path.home() / ".pulumi"))
    private = {name: before[name] for name in KEPT if name in before} | {
        "AWS_ACCESS_KEY_ID": "rehearsal",
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "AWS_REGION": region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "NO_PROXY": "127.0.0.1",
    }
    try:
        os.environ.clear()
        os.environ.update(private)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _private_home(home: Path, callers: Path) -> Path:
    """A home for the CLI's own notes, with the caller's plug-ins and none of their logins."""
    home.mkdir(parents=True, exist_ok=True)
    plug_ins = home / "plugins"
    if not plug_ins.is_symlink() and (callers / "plugins").is_dir():
        plug_ins.symlink_to(callers / "plugins")
    return home


class StateError(Exception):
    """The engine's state cannot be read or changed; the text is the CLI's own."""


class Engine:
    """One stack of the private copy."""

    def __init__(self, copy: PrivateCopy) -> None:
        self._name = copy.stack
        try:
            self._stack = auto.create_or_select_stack(stack_name=copy.stack, work_dir=str(copy.folder))
        except auto.InvalidVersionError as error:
            raise ToolMissingError(f"This Pulumi CLI cannot be used ({error}): install a newer one.") from error
        except auto.CommandError as error:
            raise RehearsalError(f"The Pulumi CLI does not begin: {last_words(str(error))}") from error
        for key, value in copy.secrets.items():
            self._stack.set_config(key, auto.ConfigValue(value=value, secret=True))

    def preview(self) -> Happened:
        """What `up` would do."""
        return watched(lambda listen: self._stack.preview(on_event=listen))

    def up(self) -> Happened:
        """Deploy."""
        return watched(lambda listen: self._stack.up(on_event=listen))

    def destroy(self) -> Happened:
        """Take everything away again."""
        self._command("state", "unprotect", "--all", "--yes")
        return watched(lambda listen: self._stack.destroy(on_event=listen))

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs without secret ones."""
        return {name: output.value for name, output in self._stack.outputs().items() if not output.secret}

    def export(self) -> dict[str, Any]:
        """The state with its secrets in clear text, each marked as one."""
        state: dict[str, Any] = json.loads(self._command("stack", "export", "--show-secrets"))
        return state

    def _command(self, *arguments: str) -> str:
        workspace = self._stack.workspace
        command = [*arguments, "--stack", self._name]
        try:
            return workspace.pulumi_command.run(command, workspace.work_dir, {}).stdout
        except auto.CommandError as error:
            raise StateError(f"`pulumi {' '.join(arguments)}` failed: {last_words(str(error))}") from error


def watched(operation: Callable[[Callable[[EngineEvent], None]], Any]) -> Happened:
    """What comes of an operation, its failure included."""
    happened, began = Happened(), time.monotonic()
    try:
        operation(lambda event: note(happened, event))
    except auto.CommandError as error:
        if not happened.errors:
            happened.errors.append(last_words(str(error)))
    happened.seconds = time.monotonic() - began
    return happened


def note(happened: Happened, event: EngineEvent) -> None:
    """Take in one event of the engine."""
    if event.summary_event:
        happened.counts = {str(getattr(op, "value", op)): n for op, n in event.summary_event.resource_changes.items()}
    if event.resource_pre_event:
        step = event.resource_pre_event.metadata
        operation = str(getattr(step.op, "value", step.op))
        if operation not in UNCHANGED:
            reasons = step.diffs or list(step.detailed_diff or {})
            happened.changes.append(f"{readable(step.urn)}: {operation} {', '.join(reasons)}".rstrip())
    told = event.diagnostic_event
    # Once a resource failed, the engine interrupts the program, and whatever it says then hides the reason.
    if told and told.severity == "error" and not interrupted(told.message):
        happened.errors.append(f"{readable(told.urn or '')}: {plain(told.message)}")


def interrupted(message: str) -> bool:
    """Whether it only tells that something else went wrong."""
    return any(sign in message for sign in AFTERWARDS)


def readable(urn: str) -> str:
    """name (type) of a resource's URN."""
    if "::" not in urn:
        return "the program"
    kind, name = urn.split("::")[-2].rpartition("$")[2], urn.rpartition("::")[2]
    return f"{name} ({kind})"


def plain(message: str) -> str:
    """A diagnostic without colours, in one line unless it lists things; of a traceback the end, which is the error."""
    lines = [line.strip() for line in ANSI.sub("", message).strip().splitlines() if line.strip()]
    if any("Traceback (most recent call last)" in line for line in lines):
        return lines[-1]
    return ("\n      " if any(line.startswith("- ") for line in lines) else " ").join(lines)


def last_words(text: str) -> str:
    """The end of what a failed command wrote."""
    lines = [line for line in plain_lines(text) if line]
    return " ".join(lines[-3:]) or "the Pulumi CLI failed, and says nothing"


def plain_lines(text: str) -> list[str]:
    """Without colours and indentation."""
    return [ANSI.sub("", line).strip() for line in text.splitlines()]


def counted(counts: Mapping[str, int]) -> str:
    """213 create, 2 update; nothing that is unchanged unless all is."""
    changing = {operation: number for operation, number in counts.items() if operation not in UNCHANGED}
    shown = changing or {"unchanged": sum(counts.values())}
    return ", ".join(f"{number} {operation}" for operation, number in sorted(shown.items(), key=lambda i: -i[1]))
