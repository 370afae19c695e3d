"""The Pulumi project's files, as far as a run of its stack `local` needs them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts.local.errors import LocalRunError

STACK = "local"
DEFAULT_REGION = "us-east-1"


def read_project(program: Path) -> tuple[str, dict[str, str]]:
    """The project's name, and the configuration of its stack `local`, with full keys and texts as Pulumi stores them.

    LocalRunError if a file is missing or has what only Pulumi's own command can read.
    """
    project = read_yaml(program / "Pulumi.yaml")
    name = str(project.get("name"))
    stack = read_yaml(program / f"Pulumi.{STACK}.yaml")
    config: dict[str, str] = {}
    for key, value in (stack.get("config") or {}).items():
        if isinstance(value, Mapping) and "secure" in value:
            raise LocalRunError(f"Pulumi.{STACK}.yaml: {key} is encrypted, and the local run has no key for it")
        full = key if ":" in key else f"{name}:{key}"
        config[full] = value if isinstance(value, str) else json.dumps(value)
    config.setdefault("aws:region", DEFAULT_REGION)
    return name, config


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; LocalRunError if there is none."""
    try:
        content = yaml.safe_load(path.read_text())
    except FileNotFoundError as error:
        raise LocalRunError(f"{path} does not exist: a Pulumi program has one") from error
    except yaml.YAMLError as error:
        raise LocalRunError(f"{path} is no YAML: {error}") from error
    return content if isinstance(content, dict) else {}
