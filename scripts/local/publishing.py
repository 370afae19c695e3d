"""The images of `--docker`: built as the program describes them, and pushed to the registry on this machine.

Only the process that runs the program needs this; the other commands are spared the registry's HTTP client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.images.errors import ImagesError
from scripts.images.registry import Manifest, Repository
from scripts.local.containers import DOCKER, environment
from scripts.local.control_plane import is_up
from scripts.local.errors import LocalRunError
from scripts.local.processes import Command, wait_until
from scripts.local.state import State
from scripts.local.tasks import run_to_end

BUILD_PATIENCE_S = 1800
REGISTRY_PATIENCE_S = 30.0


def publish(
    image: str, described: Mapping[str, Any], program: Path, state: State, note: Callable[[str], None]
) -> Manifest:
    """Have `image` (registry/name:tag, the tag by its content) in its registry: built from its `build` block, unless it
    is there from the last run. Its manifest; LocalRunError if it cannot be built or pushed.
    """
    url, _, tag = image.rpartition(":")
    repository, name = Repository(url), url.rpartition("/")[2]
    try:
        # It starts at the same time as the program.
        wait_until(
            lambda: is_up(f"http://{repository.host}"),
            f"the registry of images at {repository.host}",
            REGISTRY_PATIENCE_S,
        )
        if repository.digest(tag) is None:
            note(f"building {name}")
            _run(f"image-{name}", _build(image, described), program, state)
            note(f"pushing {name}")
            _run(f"image-{name}", ["push", image], program, state)
        return repository.manifest(tag)
    except ImagesError as error:
        raise LocalRunError(str(error)) from error


def _build(image: str, described: Mapping[str, Any]) -> list[str]:
    arguments: Mapping[str, str] = described.get("args") or {}
    return [
        *("build", "--tag", image, "--file", str(described["dockerfile"])),
        *("--target", str(described["target"]), "--platform", str(described["platform"])),
        *(part for key, value in arguments.items() for part in ("--build-arg", f"{key}={value}")),
        str(described["context"]),
    ]


def _run(name: str, arguments: list[str], program: Path, state: State) -> None:
    command = Command(argv=[DOCKER, *arguments], env=environment(), cwd=program)
    run_to_end(name, command, state, patience=BUILD_PATIENCE_S)
