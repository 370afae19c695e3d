"""Runs moto's server, with the emulated services loaded ahead of the first call for each.

Run as `python -m scripts.local.control_plane_server -H HOST -p PORT`.
"""

from __future__ import annotations

import gc

gc.disable()  # while modules load, collections find nothing and take a quarter of the time

import logging  # noqa: E402
import threading  # noqa: E402

from moto import server  # noqa: E402
from moto.backends import get_backend  # noqa: E402

USED = ("sts", "ec2", "ecr", "iam", "logs", "elbv2", "ecs", "secretsmanager", "rds", "cloudwatch", "servicediscovery")


def load_services() -> None:
    """Import what the program is going to use, while its own imports still run."""
    for name in USED:
        get_backend(name)  # type: ignore[call-overload]
    gc.collect()
    gc.freeze()
    gc.enable()


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request tells nobody anything
    threading.Thread(target=load_services, daemon=True).start()
    server.main()
