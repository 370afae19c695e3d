"""Who may import whom (the architecture in one table)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = {"components", "image_builds", "policy", "scripts", "services", "tests", "benchmarks"}


def modules_below(folder: str) -> list[Path]:
    found = (ROOT / folder).rglob("*.py")
    return sorted(path for path in found if {"node_modules", ".venv"}.isdisjoint(path.parts))


def imported(path: Path) -> Iterator[str]:
    """Every module of ours that the file names, absolute: `from services import catalog` is services.catalog."""
    package = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{prefix}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] in OURS)


ALLOWED = {
    "__main__.py": ("components", "services.catalog"),
    "components": ("components", "image_builds", "services.catalog"),
    "image_builds.py": (),
    "policy": ("policy",),
    "scripts": ("scripts", "image_builds", "services.catalog"),
    "services/catalog.py": (),
    "services/shared": ("services.shared",),
}


def allowed_for(path: Path) -> tuple[str, ...]:
    """The prefixes a file may import, by where it stands."""
    parts = path.relative_to(ROOT).parts
    two = "/".join(parts[:2])
    if parts[0] == "services" and two not in ALLOWED:
        return (f"services.{parts[1]}", "services.shared", "services.catalog")
    return ALLOWED[two] if two in ALLOWED else ALLOWED[parts[0]]


def forbidden_imports(path: Path) -> list[str]:
    allowed = allowed_for(path)
    return [name for name in imported(path) if not any(name == a or name.startswith(f"{a}.") for a in allowed)]


SOURCES = [
    ROOT / "__main__.py",
    ROOT / "image_builds.py",
    *(path for folder in ("components", "policy", "scripts", "services") for path in modules_below(folder)),
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_place_allows(path: Path) -> None:
    assert forbidden_imports(path) == []


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("services/data/x.py", "from services.identity import app"),
        ("services/data/x.py", "import components.config"),
        ("services/shared/x.py", "from services import catalog"),
        ("components/x.py", "from services.shared import settings"),
        ("scripts/x.py", "from components.config import StackConfig"),
        ("services/catalog.py", "from services.shared.auth import verifier"),
        ("image_builds.py", "from services import catalog"),
        ("services/data/x.py", "import image_builds"),
        ("services/gateway/x.py", "from ..identity import app"),
    ],
)
def test_the_rule_refuses_what_the_architecture_forbids(
    place: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(line)
    assert forbidden_imports(path) != []
