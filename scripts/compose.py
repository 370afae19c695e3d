"""Write `compose.yaml`: the platform in containers, for `docker compose up`. `python -m scripts.compose [--check]`.

It follows from the list of services alone. What a service is told is in no file of the repository: the container
`platform` runs the program against the emulators, as `make up` does, and writes down each task definition's
environment in a volume that only the containers share. All share one network, so 127.0.0.1 is the same for all.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from image_builds import DEFAULT_ARCHITECTURE, DOCKERFILE, image_build
from scripts.images.settings import read_settings
from services import catalog

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "compose.yaml"
PLATFORM = "platform"
FRONT_DOOR = 8080
ENVIRONMENTS = "/environments"
USER = "10001:10001"
STALE = 1

_HEADER = """\
# The whole platform in containers: `docker compose up --watch`, then http://localhost:8080. See the README.
# Written by `python -m scripts.compose` (make compose) from the list of services: change that, not this.
"""
_START = f'set -a && . "{ENVIRONMENTS}/$$0.env" && set +a && exec "$$@"'
"""The shell that reads the environment; $0 is the service's name, $@ the task definition's command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the file is as it should be, 1 when `--check` finds another."""
    parser = argparse.ArgumentParser(prog="python -m scripts.compose", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; 1 unless the file is up to date")
    given = parser.parse_args(arguments)
    text = written()
    if given.check:
        if FILE.exists() and FILE.read_text(encoding="utf-8") == text:
            return 0
        stale = f"{FILE.name} does not follow from the list of services any more: `make compose` writes it."
        print(stale, file=sys.stderr)
        return STALE
    FILE.write_text(text, encoding="utf-8")
    return 0


def written() -> str:
    """The file's text."""
    return _HEADER + yaml.safe_dump(compose(), sort_keys=False, width=110)


def compose() -> dict[str, Any]:
    """The file's content."""
    return {
        "name": "sri",
        "services": {PLATFORM: _platform(), **{service.name: _service(service) for service in catalog.SERVICES}},
        "volumes": {"state": {}, "environments": {}},
    }


def _platform() -> dict[str, Any]:
    told = " && ".join(f"test -f {ENVIRONMENTS}/{service.name}.env" for service in catalog.SERVICES)
    migrations = [
        f"./services/{service.name}/migrations"
        for service in catalog.SERVICES
        if catalog.Need.DATABASE in service.needs
    ]
    return {
        "build": {"context": ".", "dockerfile": "scripts/local/Dockerfile"},
        "image": "sri-platform",
        "command": ["python", "-m", "scripts.local", "up", "--port", str(FRONT_DOOR), "--environments", ENVIRONMENTS],
        "init": True,
        "stop_grace_period": "30s",
        "ports": [f"127.0.0.1:{FRONT_DOOR}:{FRONT_DOOR}"],
        "volumes": ["state:/state", f"environments:{ENVIRONMENTS}"],
        "healthcheck": {
            "test": ["CMD-SHELL", told],
            "interval": "1s",
            "retries": 180,
        },
        "develop": {
            "watch": [{"path": path, "action": "rebuild"} for path in ("./__main__.py", "./components", *migrations)],
        },
    }


def _service(service: catalog.Service) -> dict[str, Any]:
    build = image_build(ROOT, service.name, DEFAULT_ARCHITECTURE, read_settings(ROOT, "local").sources)
    folder = f"services/{service.name}"
    return {
        "build": {"context": ".", "dockerfile": DOCKERFILE, "target": build.target, "args": dict(build.given)},
        "image": f"sri-{service.name}",
        "network_mode": f"service:{PLATFORM}",
        "depends_on": {PLATFORM: {"condition": "service_healthy", "restart": True}},
        "entrypoint": ["sh", "-c", _START, service.name],
        "command": [
            *("python", "-m", f"services.{service.name}", "serve"),
            *("--host", "127.0.0.1", "--port", str(service.port)),
        ],
        "restart": "on-failure",
        "init": True,
        "user": USER,
        "read_only": True,
        "cap_drop": ["ALL"],
        "stop_grace_period": "40s",
        "volumes": [f"environments:{ENVIRONMENTS}:ro", *_sources(folder, build.target)],
        "develop": {"watch": _watch(folder, build.target)},
    }


def _sources(folder: str, target: str) -> list[str]:
    """What is read from the repository, so that a restart is enough for another line of code. A web app is built."""
    own = [] if target == "web" else [folder]
    return [f"./{source}:/app/{source}:ro" for source in ("services/shared", *own)]


def _watch(folder: str, target: str) -> list[dict[str, Any]]:
    leftovers = ["__pycache__/", "node_modules/", "dist/"]
    own = "rebuild" if target == "web" else "restart"
    return [
        {"path": "./services/shared", "action": "restart", "ignore": leftovers},
        {"path": f"./{folder}", "action": own, "ignore": leftovers},
        {"path": "./services/constraints.txt", "action": "rebuild"},
    ]


if __name__ == "__main__":
    sys.exit(main())
