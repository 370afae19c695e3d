"""A test that is never run protects nobody: every file that holds tests must be collected."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.collected import COLLECTED

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = {".venv", "node_modules", ".local", ".git"}


def files_with_tests() -> set[str]:
    found = set()
    for path in ROOT.rglob("*.py"):
        relative = path.relative_to(ROOT)
        if SKIPPED.isdisjoint(relative.parts) and defines_tests(path):
            found.add(relative.as_posix())
    return found


def defines_tests(path: Path) -> bool:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return any(
        isinstance(node, functions) and node.name.startswith("test_") for node in ast.walk(ast.parse(path.read_text()))
    )


def test_every_file_that_holds_tests_is_collected(request: pytest.FixtureRequest) -> None:
    """A run of everything has collected them itself; after one of some tests, all are collected anew."""
    missing = files_with_tests() - collected_by(request.config)
    assert not missing or missing - collected_anew() == set()


def collected_by(config: pytest.Config) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in config.stash[COLLECTED]}


def collected_anew() -> set[str]:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:]
    return {line.split("::")[0] for line in run.stdout.splitlines() if "::" in line}
