"""Container definitions in one canonical form, so that nothing but a real change replaces a task definition.

ECS gives back what it was told with defaults filled in; a definition that leaves them out, or orders its variables
differently from run to run, looks changed at every update.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from services import catalog

CONTAINER_USER = "10001:10001"
"""User and group, as in services/Dockerfile; named here too, so that an image without a user does not run as root."""

STOP_TIMEOUT_SECONDS = 40
"""From SIGTERM to SIGKILL: longer than the load balancer goes on sending to a task that leaves."""

_LIVENESS_PROBE = "import urllib.request as r; r.urlopen('http://{host}:{port}/health/live', timeout=3)"


@dataclass(frozen=True, kw_only=True)
class Container:
    """The one container of a task. `port`: where it serves, None for a task that ends by itself.

    `memory`: MiB that it may use, all of its task's. `secrets`: variable -> `valueFrom`. `stream_prefix`: of its
    streams in `log_group`.
    """

    name: str
    image: pulumi.Input[str]
    command: Sequence[str]
    memory: int
    environment: Mapping[str, pulumi.Input[str]]
    secrets: Mapping[str, pulumi.Input[str]]
    log_group: pulumi.Input[str]
    region: str
    stream_prefix: str
    port: int | None = None

    def definitions(self) -> pulumi.Output[str]:
        """The task definition's `containerDefinitions`: a JSON list of one."""
        return pulumi.Output.all(
            image=self.image, environment=self.environment, secrets=self.secrets, log_group=self.log_group
        ).apply(lambda known: canonical_json([self._definition(known)]))

    def _definition(self, known: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "name": self.name,
            "image": known["image"],
            "command": list(self.command),
            "essential": True,
            "memory": self.memory,
            "environment": [{"name": name, "value": value} for name, value in sorted(known["environment"].items())],
            "secrets": [{"name": name, "valueFrom": arn} for name, arn in sorted(known["secrets"].items())],
            "portMappings": self._port_mappings(),
            "healthCheck": self._health_check(),
            "user": CONTAINER_USER,
            "readonlyRootFilesystem": True,
            "linuxParameters": {"initProcessEnabled": True, "capabilities": {"add": [], "drop": ["ALL"]}},
            "stopTimeout": STOP_TIMEOUT_SECONDS,
            "logConfiguration": self._log_configuration(known["log_group"]),
            **_defaults(),
        }

    def _port_mappings(self) -> list[dict[str, Any]]:
        return [] if self.port is None else [{"containerPort": self.port, "hostPort": self.port, "protocol": "tcp"}]

    def _health_check(self) -> dict[str, Any] | None:
        if self.port is None:
            return None
        probe = _LIVENESS_PROBE.format(host="127.0.0.1", port=self.port)
        return {
            "command": ["CMD", "python", "-c", probe],
            "interval": 10,
            "timeout": 5,
            "retries": 3,
            "startPeriod": 30,
        }

    def _log_configuration(self, log_group: str) -> dict[str, Any]:
        # Non-blocking: a service that cannot log goes on serving.
        return {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group,
                "awslogs-region": self.region,
                "awslogs-stream-prefix": self.stream_prefix,
                "mode": "non-blocking",
                "max-buffer-size": "4m",
            },
        }


def _defaults() -> dict[str, Any]:
    """What ECS fills in where nothing is said."""
    return {"cpu": 0, "mountPoints": [], "volumesFrom": [], "systemControls": []}


def canonical_json(value: Any) -> str:
    """`value` as JSON with sorted keys and without members that are None."""
    return json.dumps(_without_none(value), sort_keys=True, separators=(",", ":"))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_without_none(member) for member in value]
    return value


def serve_command(service: catalog.Service, host: str, port: int) -> list[str]:
    """How an image serves requests."""
    return ["python", "-m", f"services.{service.name}", "serve", "--host", host, "--port", str(port)]


def migrate_command(service: catalog.Service) -> list[str]:
    """How an image migrates its service's schema."""
    return ["python", "-m", f"services.{service.name}", "migrate"]
