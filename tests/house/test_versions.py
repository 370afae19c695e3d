"""Every version is written once: in services/constraints.txt what the images hold, in constraints.txt all else."""

from __future__ import annotations

import importlib.metadata
import re
from collections import Counter
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = [
    ROOT / "requirements.txt",
    ROOT / "requirements-dev.txt",
    ROOT / "scripts/local/requirements.txt",
    *sorted(ROOT.glob("services/*/requirements.txt")),
]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def lines_of(path: Path) -> list[str]:
    return [line.split("#")[0].strip() for line in path.read_text().splitlines() if line.split("#")[0].strip()]


def pins(file: str) -> list[str]:
    """The lines of a constraints file that pin a version."""
    return [line for line in lines_of(ROOT / file) if not line.startswith("-c")]


def names_in(file: str) -> list[str]:
    return [canonical(line.split("==")[0]) for line in pins(file)]


def pinned() -> set[str]:
    return {*names_in("constraints.txt"), *names_in("services/constraints.txt")}


def installed_for(text: str, seen: set[tuple[str, tuple[str, ...]]]) -> set[tuple[str, tuple[str, ...]]]:
    """(package, extras) of the requirement `text` and of all that it needs, as installed here."""
    requirement = Requirement(text)
    key = (canonical(requirement.name), tuple(sorted(requirement.extras)))
    if key not in seen:
        seen.add(key)
        for needed in map(Requirement, importlib.metadata.distribution(requirement.name).requires or []):
            extras = ("", *requirement.extras)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                needed.marker = None
                installed_for(str(needed), seen)
    return seen


def test_constraints_pin_exact_versions_only() -> None:
    lines = [*pins("constraints.txt"), *pins("services/constraints.txt")]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.!+-]+", line)] == []


def test_each_version_is_written_once() -> None:
    counted = Counter([*names_in("constraints.txt"), *names_in("services/constraints.txt")])
    assert [name for name, count in counted.items() if count > 1] == []
    assert "-c services/constraints.txt" in lines_of(ROOT / "constraints.txt")


def test_beside_the_services_exactly_that_is_pinned_which_an_image_holds() -> None:
    held: set[tuple[str, tuple[str, ...]]] = set()
    for path in ROOT.glob("services/*/requirements.txt"):
        for line in lines_of(path):
            if not line.startswith("-"):
                installed_for(line, held)
    assert sorted(names_in("services/constraints.txt")) == sorted({name for name, _ in held})


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_requirements_file_names_packages_that_constraints_pin(path: Path) -> None:
    names = [line for line in lines_of(path) if not line.startswith("-")]
    assert [name for name in names if canonical(name.split("[")[0]) not in pinned()] == []


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_requirements_file_is_held_by_the_constraints(path: Path) -> None:
    includes = [line for line in lines_of(path) if line.startswith(("-c", "-r"))]
    assert any("constraints.txt" in line or "../shared/requirements.txt" in line for line in includes)
