"""The way into a registry: ECR's token by boto3, kept nowhere longer than a push takes."""

from __future__ import annotations

import base64
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from scripts.images.errors import ImagesError

_ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?")


def token_for(host: str) -> str:
    """What a registry's basic authentication takes, base64 of user:password; "" for a registry that is not ECR.

    The token is the caller's, good for twelve hours, and never printed. Raises ImagesError.
    """
    found = _ECR.fullmatch(host)
    if not found:
        return ""
    try:
        ecr = boto3.client("ecr", region_name=found["region"])
        token: str = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    except (BotoCoreError, ClientError) as error:
        raise ImagesError(f"AWS gives no way into {host}: {error}. Are there credentials for the account?") from error
    return token


@contextmanager
def docker_config(tokens: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Environment variables under which the docker command may use these registries (host -> token).

    Its own sign-in would leave the token in the user's settings, in clear text on most machines: this is a folder that
    lasts as long as the block, with the user's choice of engine.
    """
    own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    with tempfile.TemporaryDirectory(prefix="docker-") as folder:
        content: dict[str, Any] = {"auths": {host: {"auth": token} for host, token in tokens.items() if token}}
        chosen = _read(own / "config.json").get("currentContext")
        if chosen:
            content["currentContext"] = chosen
        for name in ("contexts", "cli-plugins"):
            if (own / name).is_dir():
                (Path(folder) / name).symlink_to((own / name).absolute())
        file = Path(folder) / "config.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(content), encoding="utf-8")
        yield {"DOCKER_CONFIG": folder}


def basic(token: str) -> str:
    """The header's value for a token; "" without one. Raises ImagesError for what is no such token."""
    if not token:
        return ""
    try:
        user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
    except ValueError as error:
        raise ImagesError("AWS gave a token that is no user and password.") from error
    if not user or not password:
        raise ImagesError("AWS gave a token that is no user and password.")
    return f"Basic {token}"


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
