"""The emulator of every AWS service but Cognito: moto's server, a process of its own that starts empty."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

from scripts.local.processes import HOST, Command, base_environment, wait_until
from scripts.local.state import REPOSITORY

CREDENTIALS: Mapping[str, str] = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""The pair that the Cognito emulator knows; moto takes any."""


def command(port: int) -> Command:
    """The server on `port`."""
    argv = [sys.executable, "-m", "scripts.local.control_plane_server", "-H", HOST, "-p", str(port)]
    # A thread for each request: without the limit each leaves its own share of freed memory behind.
    return Command(argv=argv, env=base_environment() | {"MALLOC_ARENA_MAX": "2"}, cwd=REPOSITORY)


def environment(control_plane_url: str, cognito_url: str, region: str) -> dict[str, str]:
    """What boto3 reads to find the emulators instead of AWS."""
    return {
        **CREDENTIALS,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": control_plane_url,
        "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": cognito_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


def is_up(url: str) -> bool:
    """Whether the server takes connections."""
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname or HOST, address.port or 80), timeout=1).close()
    except OSError:
        return False
    return True


def wait(url: str, patience: float = 60.0) -> None:
    """Return once the server takes connections; LocalRunError after `patience` seconds."""
    wait_until(lambda: is_up(url), f"the AWS emulator at {url}", patience)
