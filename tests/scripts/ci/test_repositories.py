"""A new service gets its repository before anything is pushed; a stack that has them all is left alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts.ci.commands import CommandError, Commands
from scripts.ci.repositories import make_missing
from scripts.deploy import parser
from services import catalog

NAMES = [service.name for service in catalog.SERVICES]


def commands(asked: Path, code: int = 0) -> Commands:
    program = f"import pathlib, sys; pathlib.Path({str(asked)!r}).write_text(' '.join(sys.argv[1:])); sys.exit({code})"
    return Commands(deploy=(sys.executable, "-c", program))


def test_a_stack_with_every_repository_is_left_alone(tmp_path: Path) -> None:
    assert make_missing("dev", NAMES, commands(tmp_path / "asked")) == []
    assert not (tmp_path / "asked").exists()


def test_a_service_without_one_gets_its_repository(tmp_path: Path) -> None:
    assert make_missing("dev", NAMES[1:], commands(tmp_path / "asked")) == NAMES[:1]
    asked = (tmp_path / "asked").read_text()
    assert asked == "dev --repositories --yes"
    assert parser().parse_args(asked.split()).repositories


def test_a_repository_that_cannot_be_made_fails(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="deploy dev --repositories failed: exit code 1"):
        make_missing("dev", [], commands(tmp_path / "asked", code=1))
