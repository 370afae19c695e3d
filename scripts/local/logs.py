"""The parts' logs: one file each, shown as one stream with names."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from scripts.local.errors import LocalRunError
from scripts.local.state import State

TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?")
"""All parts run with TZ=UTC: their times, as text, can be compared."""

POLL_S = 0.2
LAST = 400
"""Lines of each part that are shown."""


def start_afresh(state: State) -> None:
    """Put the logs of the last run aside, one generation of them."""
    for log in state.logs.glob("*.log"):
        if log.stem != "supervisor":
            log.replace(log.with_suffix(".log.1"))


def chosen_logs(state: State, part: str | None) -> list[Path]:
    """The files of one part (its migrations included), or of all; LocalRunError if there are none."""
    files = sorted(state.logs.glob("*.log"))
    names = [file.stem for file in files]
    if part is None:
        return files
    chosen = [file for file in files if file.stem == part or part in file.stem.split("-")]
    if not chosen:
        raise LocalRunError(f"There is no log of {part!r}; there are: {', '.join(names) or 'none yet'}.")
    return chosen


def show(files: Iterable[Path], *, follow: bool, state: State, part: str | None) -> None:
    """Print the last lines of all files in the order of their times, and with `follow` what comes after."""
    entries: list[tuple[str, int, str, str]] = []
    positions: dict[Path, int] = {}
    for file in files:
        text = file.read_bytes()
        if follow:
            text = text[: text.rfind(b"\n") + 1]
        positions[file] = len(text)
        moment = ""
        for number, line in enumerate(text.decode(errors="replace").splitlines()[-LAST:]):
            found = TIME.search(line[:200])
            moment = found[0].replace("T", " ").replace(",", ".") if found else moment
            entries.append((moment, number, file.stem, line))
    width = max((len(name) for _, _, name, _ in entries), default=0)
    for _, _, name, line in sorted(entries, key=lambda entry: entry[:2]):
        print(f"{name:<{width}} | {line}")
    while follow:
        sys.stdout.flush()
        time.sleep(POLL_S)
        for file in sorted(state.logs.glob("*.log")) if part is None else list(positions):
            for line in new_lines(file, positions):
                print(f"{file.stem:<{width}} | {line}")


def new_lines(file: Path, positions: dict[Path, int]) -> list[str]:
    """The whole lines that were written since `positions`, which moves on."""
    try:
        size = file.stat().st_size
    except FileNotFoundError:
        return []
    start = positions.get(file, 0)
    if size < start:  # the next run's file
        start = 0
    with file.open("rb") as content:
        content.seek(start)
        text = content.read()
    complete = text.rfind(b"\n") + 1
    positions[file] = start + complete
    return text[:complete].decode(errors="replace").splitlines()
