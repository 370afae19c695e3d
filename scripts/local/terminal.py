"""What people see: events and tables, with colour on a terminal, as plain lines anywhere else."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from scripts.local.report import Event


class Terminal:
    """Shows events: with colour and a spinner on a terminal, as plain lines anywhere else."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._status: Status | None = None

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event.kind:
            case "working":
                self._spin(event.text)
            case "step":
                took = "" if event.seconds is None else f"{event.seconds:5.1f} s"
                self._line(f"{event.text:<24} {event.detail:<44} {took}".rstrip(), mark="✓", style="green")
            case "problem":
                self._line(event.text, mark="!", style="yellow")
            case "failed":
                self._still()
                Console(stderr=True, highlight=False, soft_wrap=True).print(Text(event.text, style="red"))
            case "ready":
                self._still()

    def _spin(self, text: str) -> None:
        if not self._console.is_terminal:
            return
        if self._status is None:
            self._status = self._console.status(text)
            self._status.start()
        self._status.update(text)

    def _still(self) -> None:
        if self._status:
            self._status.stop()
            self._status = None

    def _line(self, text: str, *, mark: str, style: str) -> None:
        if self._console.is_terminal:
            self._console.print(Text(f"{mark} ", style=style), Text(text), sep="")
        else:
            print(f"{'! ' if mark == '!' else ''}{text}", flush=True)


def print_outputs(outputs: Mapping[str, Any]) -> None:
    """The stack's outputs as a table, the members of an object a line each."""
    rows: dict[str, Any] = {}
    for name, value in sorted(outputs.items()):
        rows |= {f"{name}.{key}": item for key, item in value.items()} if isinstance(value, dict) else {name: value}
    texts = {name: _on_one_line(value) for name, value in rows.items()}
    print_table(("output", "value"), list(texts.items()))


def _on_one_line(value: Any) -> str:
    if isinstance(value, dict) and value:
        return f"({', '.join(value)}: see them with --json)"
    return value if isinstance(value, str) else json.dumps(value)


def print_table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A table: drawn on a terminal, tab-separated without titles anywhere else, for programs to read."""
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(row))
        return
    table = Table(*titles, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    Console(highlight=False).print(table)
