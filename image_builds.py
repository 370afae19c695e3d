"""What each service's image is built from: exactly those files, their hash, and a folder that holds nothing else.

The program and `scripts/build_and_push.py` both read this, so that they give one content one name. Standard library
only.
"""

from __future__ import annotations

import fnmatch
import hashlib
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated

DOCKERFILE = "services/Dockerfile"
STAGING = ".local/images"
KEPT_FOLDERS = 8
_NAME_LENGTH = 32
_SHARED = ("services/constraints.txt", DOCKERFILE, "services/__init__.py", "services/catalog.py", "services/shared")


class CpuArchitecture(StrEnum):
    """The processor that images are built for and tasks run on: one setting, so that they cannot differ."""

    X86_64 = "X86_64"
    ARM64 = "ARM64"

    @property
    def platform(self) -> str:
        """The name that image builders use for it."""
        return {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}[self.value]


DEFAULT_ARCHITECTURE = CpuArchitecture.X86_64


@dataclass(frozen=True, kw_only=True)
class ImageSources:
    """Where images take from what is not in the repository; None for what the Dockerfile itself names."""

    python: Annotated[str | None, "base image of the services, such as python:3.11-slim@sha256:..."] = None
    build: Annotated[str | None, "image that packages are installed in: the same Python with a compiler"] = None
    node: Annotated[str | None, "image that the web app is built in"] = None
    rds_certificates: Annotated[str | None, "URL of Amazon's certificates for RDS, or a file of the repository"] = None

    @property
    def arguments(self) -> dict[str, str]:
        """As arguments of the build."""
        named = {
            "BASE_IMAGE": self.python,
            "BUILD_IMAGE": self.build,
            "NODE_IMAGE": self.node,
            "RDS_CERTIFICATES": self.rds_certificates,
        }
        return {name: value for name, value in named.items() if value is not None}


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


@dataclass(frozen=True, kw_only=True)
class ImageBuild:
    """How one service's image is built: the arguments of the builder, and the files."""

    service: str
    platform: str
    target: str
    context: BuildContext
    given: Mapping[str, str]

    @property
    def tag(self) -> str:
        """The name of the image's content, in its repository."""
        return self.context.tag

    @property
    def arguments(self) -> dict[str, str]:
        """The builder's arguments. The label with the revision follows from the content, so it decides nothing."""
        return {**self.given, "REVISION": self.tag}

    def stage(self) -> str:
        """The folder of its files, made if need be; relative to the root, so that it names no place on a machine."""
        root = self.context.root
        return self.context.stage(root / STAGING / self.service).relative_to(root).as_posix()


def image_build(
    root: Path,
    service: str,
    architecture: CpuArchitecture,
    sources: ImageSources = ImageSources(),
    repository: str | None = None,
) -> ImageBuild:
    """The build of `service`'s image from the project's folder `root`. `repository`: owner/name, for the label.

    Raises FileNotFoundError for what must be there.
    """
    target = "web" if (root / f"services/{service}/web").is_dir() else "service"
    given = {"SERVICE": service, **sources.arguments}
    if repository is not None:
        given["SOURCE"] = f"https://github.com/{repository}"
    settings = {"platform": architecture.platform, "target": target, **given}
    context = BuildContext(root=root, files=_files_of(root, service), settings=settings)
    return ImageBuild(service=service, platform=architecture.platform, target=target, context=context, given=given)


def _files_of(root: Path, service: str) -> tuple[str, ...]:
    ignored = ignored_patterns(root)
    files: set[str] = set()
    for name in (*_SHARED, f"services/{service}"):
        path = root / name
        if not path.exists():
            raise FileNotFoundError(f"{name} does not exist; the image of service {service!r} needs it")
        found = [path] if path.is_file() else _files_below(path, ignored)
        files.update(file.relative_to(root).as_posix() for file in found)
    return tuple(sorted(files))


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
