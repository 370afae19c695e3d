"""A copy of the program and its stack's configuration, of which nothing comes back: there, AWS is the emulator."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from scripts.rehearsal.errors import RehearsalError
from services import catalog

LEFT_OUT = (
    ".*", "node_modules", "dist", "__pycache__", "tests", "benchmarks", "docs", "scripts", "policy", "web",
)  # fmt: skip
ENDPOINTS = (
    "acm", "appautoscaling", "budgets", "cloudfront", "cloudwatch", "cognitoidp", "ec2", "ecr", "ecs", "elbv2", "iam",
    "kms", "logs", "rds", "route53", "s3", "secretsmanager", "servicediscovery", "sns", "sts", "wafv2",
)  # fmt: skip
"""Services of AWS by the provider's names for them."""

OF_THE_OWNER = ("encryptionsalt", "encryptedkey", "secretsprovider", "environment")
"""What in a stack's file only its owner's key or account can open."""


@dataclass(frozen=True)
class PrivateCopy:
    """`secrets`: configuration key -> what stands in for its encrypted value. `config`: all of it, but those."""

    folder: Path
    project: str
    stack: str
    config: dict[str, Any]
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """Where the stack would be deployed."""
        return str(self.config.get("aws:region") or "us-east-1")


def make_copy(source: Path, folder: Path, stack: str, endpoint: str) -> PrivateCopy:
    """Copy the program from `source` into `folder`, to be deployed at `endpoint`.

    RehearsalError for a stack that has no file here.
    """
    file = f"Pulumi.{stack}.yaml"
    if not (source / file).is_file():
        known = sorted(path.name.split(".")[1] for path in source.glob("Pulumi.*.yaml"))
        raise RehearsalError(f"There is no {file}: name a stack that has one ({', '.join(known) or 'none has'}).")
    if stack == "local":
        raise RehearsalError("The stack local is not deployed by Pulumi: `make up` runs it.")
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), dirs_exist_ok=True)
    project = _read(folder / "Pulumi.yaml")
    project["runtime"] = _runtime()
    project.pop("backend", None)
    _write(folder / "Pulumi.yaml", project)
    settings = {key: value for key, value in _read(folder / file).items() if key not in OF_THE_OWNER}
    config, secrets = without_secrets(settings.get("config") or {})
    config |= of_the_emulator(endpoint) | {f"{project['name']}:image_digests": made_up_digests()}
    _write(folder / file, {**settings, "config": config})
    return PrivateCopy(folder, str(project["name"]), stack, config, secrets)


def without_secrets(config: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The configuration without its encrypted values, and key -> a value to set in place of each.

    RehearsalError for an encrypted value inside an object.
    """
    plain: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for key, value in config.items():
        if isinstance(value, dict) and set(value) == {"secure"}:
            secrets[key] = f"rehearsed-{hashlib.sha256(key.encode()).hexdigest()[:24]}"
        elif "'secure':" in str(value):
            raise RehearsalError(
                f"{key} has an encrypted member, which a rehearsal cannot stand in for: encrypt all of it."
            )
        else:
            plain[key] = value
    return plain, secrets


def of_the_emulator(endpoint: str) -> dict[str, Any]:
    """The provider's configuration. The account's number is asked for, as ever: the emulator has one."""
    return {
        "aws:endpoints": [dict.fromkeys(ENDPOINTS, endpoint)],
        "aws:s3UsePathStyle": "true",
        "aws:skipCredentialsValidation": "true",
        "aws:skipMetadataApiCheck": "true",
        "aws:skipRegionValidation": "true",
    }


def made_up_digests() -> dict[str, str]:
    """A digest for each image: no container engine takes part, and nothing starts a container."""
    return {service.name: f"sha256:{hashlib.sha256(service.name.encode()).hexdigest()}" for service in catalog.SERVICES}


def _runtime() -> dict[str, Any]:
    """Python as it runs us."""
    options = {"toolchain": "pip", "virtualenv": sys.prefix} if sys.prefix != sys.base_prefix else {}
    return {"name": "python", "options": options}


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        where = re.sub(r"\s+", " ", str(error))
        raise RehearsalError(f"{path.name} is no YAML: {where}") from error
    if not isinstance(content, dict):
        raise RehearsalError(f"{path.name} is no mapping of keys to values.")
    return content


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
