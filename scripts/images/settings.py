"""What a stack's file says about its images: the program reads the same keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from image_builds import DEFAULT_ARCHITECTURE, CpuArchitecture, ImageBuild, ImageSources, image_build
from scripts.images.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class ImageSettings:
    """`repository`: owner/name on GitHub, for the images' labels."""

    architecture: CpuArchitecture = DEFAULT_ARCHITECTURE
    sources: ImageSources = field(default_factory=ImageSources)
    repository: str | None = None

    def build(self, root: Path, service: str) -> ImageBuild:
        """How the image of `service` is built for the stack; SettingsError for a file that must be there."""
        try:
            return image_build(root, service, self.architecture, self.sources, self.repository)
        except FileNotFoundError as error:
            raise SettingsError(f"{error}.") from error


def read_settings(root: Path, stack: str) -> ImageSettings:
    """The settings of `stack` (name, or organisation/project/name) in the project `root`. Raises SettingsError."""
    name = stack.rpartition("/")[2]
    project = _read(root / "Pulumi.yaml").get("name")
    config = _read(root / f"Pulumi.{name}.yaml").get("config") or {}
    architecture = config.get(f"{project}:cpu_architecture", DEFAULT_ARCHITECTURE.value)
    sources = config.get(f"{project}:image_sources", {})
    try:
        return ImageSettings(
            architecture=CpuArchitecture(architecture),
            sources=_sources(sources),
            repository=config.get(f"{project}:github_repository"),
        )
    except ValueError as error:
        raise SettingsError(f"Pulumi.{name}.yaml: {error}.") from error


def _sources(given: Any) -> ImageSources:
    known = [each.name for each in fields(ImageSources)]
    if not isinstance(given, Mapping) or not all(name in known and isinstance(given[name], str) for name in given):
        raise ValueError(f"image_sources is an object of texts with the members {', '.join(known)}")
    return ImageSources(**given)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"{path.name} does not exist: a stack of that name needs it.") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path.name} is no YAML: {error}") from error
    return content if isinstance(content, dict) else {}
