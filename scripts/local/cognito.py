"""The emulator of Cognito (ministack) as a process of its own, and the mails it sends."""

from __future__ import annotations

import json
import re
import sys
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scripts.local.processes import HOST, Command, base_environment, wait_until
from scripts.local.state import REPOSITORY

CODE = re.compile(r"\b\d{6}\b")


def command(port: int, folder: Path) -> Command:
    """The emulator on `port`, its users and keys below `folder`.

    AUTH=true makes it check what AWS checks: secret hashes, allowed flows, signatures. It needs Docker for other
    services only, and would tidy up containers there: DOCKER_HOST leads nowhere.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {
        "AUTH": "true",
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "SERVICES": "cognito-idp,ses",
        "IOT_MTLS_ENABLED": "0",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder),
        "TMPDIR": str(folder),
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
        "LOG_LEVEL": "WARNING",
        "DD_TRACE_ENABLED": "false",
    }
    argv = [sys.executable, "-m", "scripts.local.cognito_server"]
    return Command(argv=argv, env=base_environment() | settings, cwd=REPOSITORY)


@dataclass(frozen=True)
class Mail:
    """A mail that Cognito would have sent. `code` is the six digits in it, "" if there are none."""

    time: str
    to: str
    subject: str
    text: str

    def to_json(self) -> dict[str, str]:
        """As plain data, the code included."""
        return {**asdict(self), "code": self.code}

    @property
    def code(self) -> str:
        """The confirmation or reset code."""
        found = CODE.search(self.text)
        return found[0] if found else ""


def mails(url: str) -> list[Mail]:
    """The mails that the emulator at `url` sent since it started, oldest first."""
    accounts: dict[str, list[dict[str, Any]]] = get_json(f"{url}/_ministack/ses/messages")["messages"]
    records = [record for records in accounts.values() for record in records]
    found = [
        Mail(
            time=str(record["Timestamp"]),
            to=", ".join(record["To"]),
            subject=record["Subject"],
            text=record["BodyText"] or record["BodyHtml"] or "",
        )
        for record in records
    ]
    return sorted(found, key=lambda mail: mail.time)


def is_up(url: str) -> bool:
    """Whether the emulator answers."""
    try:
        get_json(f"{url}/_ministack/health")
    except (OSError, ValueError):
        return False
    return True


def wait(url: str, patience: float = 60.0) -> None:
    """Return once the emulator answers; LocalRunError after `patience` seconds."""
    wait_until(lambda: is_up(url), f"the Cognito emulator at {url}", patience)


def get_json(url: str) -> Any:
    """The JSON document at a loopback URL; OSError or ValueError if there is none."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy of the environment is not for us
    with opener.open(url, timeout=2) as response:
        return json.load(response)
