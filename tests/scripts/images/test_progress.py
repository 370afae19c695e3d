"""What people see while images are built: rows in a terminal, lines elsewhere."""

from __future__ import annotations

import io
import sys
from contextlib import suppress

import pytest

from scripts.images.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def followed(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, *, failing: bool = False) -> str:
    """What is written while an image is built."""
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with Progress.on_stderr() as progress, suppress(ZeroDivisionError), progress.of("data") as say:
        say("building 0123", True)
        say("Step 1/2 : FROM [base]", False)
        if failing:
            raise ZeroDivisionError
        say("built", True)
    return stream.getvalue()


def test_a_log_gets_a_line_for_each_step_and_none_of_the_builders(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = followed(io.StringIO(), monkeypatch).splitlines()
    assert [line.split(" s  ")[1] for line in lines] == ["data        building 0123", "data        built"]


def test_a_terminal_shows_the_row_as_it_is_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = followed(Terminal(), monkeypatch)
    assert "data" in shown
    assert "built" in shown.splitlines()[-1] + shown.splitlines()[-2]


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["log", "terminal"])
def test_an_image_that_failed_says_so(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "failed" in followed(stream, monkeypatch, failing=True)
