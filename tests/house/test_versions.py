"""Every version is written once, in constraints.txt."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = [
    ROOT / "requirements.txt",
    ROOT / "requirements-dev.txt",
    *sorted(ROOT.glob("services/*/requirements.txt")),
]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def lines_of(path: Path) -> list[str]:
    return [line.split("#")[0].strip() for line in path.read_text().splitlines() if line.split("#")[0].strip()]


def pinned() -> set[str]:
    return {canonical(line.split("==")[0]) for line in lines_of(ROOT / "constraints.txt")}


def test_constraints_pin_exact_versions_only() -> None:
    assert [line for line in lines_of(ROOT / "constraints.txt") if not re.fullmatch(r"[\w.-]+==[\w.!+-]+", line)] == []


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_requirements_file_names_packages_that_constraints_pin(path: Path) -> None:
    names = [line for line in lines_of(path) if not line.startswith("-")]
    assert [name for name in names if canonical(name.split("[")[0]) not in pinned()] == []


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_requirements_file_is_held_by_the_constraints(path: Path) -> None:
    includes = [line for line in lines_of(path) if line.startswith(("-c", "-r"))]
    assert any("constraints.txt" in line or "../shared/requirements.txt" in line for line in includes)
