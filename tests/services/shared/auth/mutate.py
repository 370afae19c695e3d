"""Is each check really tested? Take them out one by one, and see which test notices.

    python -m tests.services.shared.auth.mutate            all mutations, some ten minutes
    python -m tests.services.shared.auth.mutate claims     those of services/shared/auth/claims.py

The mutations of a module are in mutations/<module>.txt: first the tests that should notice, then for each mutation
what would be wrong, the text that is there once (-) and what it becomes (+). Each is made in a copy of the package in
a temporary folder. Exit code 1 if one survives.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
PACKAGE = "services/shared/auth"
TESTS = "tests/services/shared/auth"
COPIED = ("services/__init__.py", "services/shared", TESTS, "pyproject.toml")
SECONDS = 150


@dataclass(frozen=True)
class Mutation:
    """In `module`, `old` becomes `new`; test_<name>.py of `tests` should notice."""

    module: str
    what: str
    old: str
    new: str
    tests: tuple[str, ...]


def main(chosen: list[str]) -> int:
    """Make each chosen mutation and print who noticed. The exit code: 1 if nobody did, at least once."""
    mutations = [mutation for mutation in read_mutations() if not chosen or mutation.module in chosen]
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        copy_project(Path(folder))
        for mutation in mutations:
            killer = killer_of(mutation, Path(folder))
            survivors += killer is None
            sys.stdout.write(f"{mutation.module:12} {mutation.what:48} {killer or 'SURVIVED'}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(mutations) - survivors} of {len(mutations)} mutations were noticed\n")
    return 1 if survivors else 0


def read_mutations() -> Iterator[Mutation]:
    """Every mutation on file."""
    for path in sorted((ROOT / TESTS / "mutations").glob("*.txt")):
        head, *stanzas = path.read_text().strip("\n").split("\n\n")
        tests = tuple(head.removeprefix("tests:").split())
        for stanza in stanzas:
            what, *lines = stanza.split("\n")
            old, new = ("\n".join(line[2:] for line in lines if line[0] == sign) for sign in "-+")
            yield Mutation(path.stem, what, old, new, tests)


def copy_project(target: Path) -> None:
    """Copy what the tests of this package need."""
    for name in COPIED:
        source, destination = ROOT / name, target / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, destination, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, destination)


def killer_of(mutation: Mutation, copy: Path) -> str | None:
    """The first test that fails under the mutation: among those it names, else among all."""
    path = copy / PACKAGE / f"{mutation.module}.py"
    original = path.read_text()
    if original.count(mutation.old) != 1:
        raise SystemExit(f"{mutation.module}: {mutation.old!r} is there {original.count(mutation.old)} times, not once")
    path.write_text(original.replace(mutation.old, mutation.new))
    try:
        named = [f"{TESTS}/test_{name}.py" for name in mutation.tests]
        return first_failure(copy, named) or first_failure(copy, [TESTS])
    finally:
        path.write_text(original)


def first_failure(copy: Path, tests: list[str]) -> str | None:
    """The id of the first test that fails, if any. A run that does not end is a failure too."""
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-rfE", *tests]
    try:
        run = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"(did not end within {SECONDS} s)"
    if run.returncode == 0:
        return None
    found = re.search(r"^(?:FAILED|ERROR) \S*?(test_\w+\.py\S*)", run.stdout, re.MULTILINE)
    return found.group(1) if found else f"(exit code {run.returncode})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
