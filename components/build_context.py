"""What goes into a service's image: exactly those files, their hash, and a folder that holds nothing else."""

from __future__ import annotations

import fnmatch
import hashlib
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

KEPT_FOLDERS = 8
_NAME_LENGTH = 32
DOCKERFILE = "services/Dockerfile"
_SHARED = ("constraints.txt", DOCKERFILE, "services/__init__.py", "services/catalog.py", "services/shared")


@dataclass(frozen=True, kw_only=True)
class BuildContext:
    """The files of one image, relative to `root`; `settings` is what else decides the result, such as the platform."""

    root: Path
    files: tuple[str, ...]
    settings: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the settings and each file's path, executable bit and bytes, in the order of the paths.

        Other mode bits depend on the umask of whoever cloned the repository, and times on when.
        """
        total = hashlib.sha256()
        for name, value in sorted(self.settings.items()):
            total.update(f"{name}={value}\0".encode())
        for file in self.files:
            path = self.root / file
            executable = bool(path.stat().st_mode & stat.S_IXUSR)
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            total.update(f"{file}\0{executable}\0{content}\0".encode())
        return total.hexdigest()

    @property
    def tag(self) -> str:
        """The image's tag: enough of the digest to be unique, and short enough to read."""
        return self.digest[:_NAME_LENGTH]

    def stage(self, folder: Path) -> Path:
        """A folder inside `folder` that holds exactly these files; named by the tag, so made once for each content.

        The image builder hashes all of its context: with the whole repository as context, a change in one service
        would rebuild every image and push another digest under an unchanged, immutable tag.
        """
        target = folder / self.tag
        if target.exists():
            target.touch()
            return target
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / "context"
            for file in self.files:
                (made / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.root / file, made / file)
                executable = (self.root / file).stat().st_mode & stat.S_IXUSR
                (made / file).chmod(0o755 if executable else 0o644)
            try:
                made.rename(target)
            except OSError:
                # Another run was faster: its folder has the same content.
                if not target.exists():
                    raise
        _forget_old(folder)
        return target


def _forget_old(folder: Path) -> None:
    """Remove all but the folders used last; several may be in use by runs at the same time."""
    with suppress(FileNotFoundError):  # another run was tidying up
        made = sorted(folder.glob("?" * _NAME_LENGTH), key=lambda entry: entry.stat().st_mtime)
        for old in made[:-KEPT_FOLDERS]:
            shutil.rmtree(old, ignore_errors=True)


def service_context(root: Path, service: str, settings: Mapping[str, str]) -> BuildContext:
    """The context of `service`'s image in the repository `root`. Raises FileNotFoundError for what must be there."""
    ignored = ignored_patterns(root)
    files: set[str] = set()
    for name in (*_SHARED, f"services/{service}"):
        path = root / name
        if not path.exists():
            raise FileNotFoundError(f"{name} does not exist; the image of service {service!r} needs it")
        found = [path] if path.is_file() else _files_below(path, ignored)
        files.update(file.relative_to(root).as_posix() for file in found)
    return BuildContext(root=root, files=tuple(sorted(files)), settings=settings)


def ignored_patterns(root: Path) -> list[str]:
    """The names that `.dockerignore` leaves out at any depth (`**/NAME`): one list for hand-made builds and these."""
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("**/") for line in lines if line.startswith("**/")]


def _files_below(folder: Path, ignored: list[str]) -> Iterator[Path]:
    """The files in `folder`, without walking through what is ignored: node_modules alone holds thousands."""
    for entry in folder.iterdir():
        if any(fnmatch.fnmatch(entry.name, pattern) for pattern in ignored):
            continue
        if entry.is_dir():
            yield from _files_below(entry, ignored)
        else:
            yield entry
