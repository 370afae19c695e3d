"""Runs moto's server, with the emulated services loaded ahead of the first call for each.

Run as `python -m scripts.local.control_plane_server -H HOST -p PORT`.
"""

from __future__ import annotations

import logging
import threading

from moto import server
from moto.backends import get_backend

USED = (
    "sts", "ec2", "iam", "ecr", "logs", "elbv2", "ecs", "secretsmanager", "rds", "cloudwatch",
    "applicationautoscaling", "servicediscovery", "sns", "wafv2",
)  # fmt: skip


def load_services() -> None:
    """Import what the program is going to use, while its own imports still run."""
    for name in USED:
        get_backend(name)  # type: ignore[call-overload]


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request tells nobody anything
    threading.Thread(target=load_services, daemon=True).start()
    server.main()
