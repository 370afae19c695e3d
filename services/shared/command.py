"""The command line of every service. It loads only what the command at hand needs."""

from __future__ import annotations

import argparse
import gc
import importlib
import importlib.util
import sys

from services.shared import logging as logs
from services.shared.settings import MigrationSettings, ServiceSettings, load_or_exit


def main(package: str, arguments: list[str] | None = None) -> None:
    """The command line of the service in `package`, such as services.data.

    `serve --host H --port P` runs it until SIGTERM or Ctrl-C; `migrate` brings its database schema up to date (only
    services with a folder `migrations`). Exit code 2 when the environment lacks something.
    """
    name = package.rpartition(".")[2]
    parser = argparse.ArgumentParser(prog=f"python -m {package}")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="answer requests")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, required=True)
    if importlib.util.find_spec(f"{package}.migrations"):
        migrate = commands.add_parser("migrate", help="bring the database schema up to date")
        migrate.add_argument(
            "--allow-destructive", action="store_true", help="take away what the release before may still use"
        )
    options = parser.parse_args(arguments)
    if options.command == "migrate":
        _migrate(package, name, allow_destructive=options.allow_destructive)
    else:
        _serve(package, name, options.host, options.port)


def _serve(package: str, name: str, host: str, port: int) -> None:
    from services.shared.server import serve  # noqa: PLC0415 (a migration needs no web server)

    settings: ServiceSettings = load_or_exit(importlib.import_module(f"{package}.settings").Settings)
    logs.configure(name, settings.log_level)
    application = importlib.import_module(f"{package}.app").create(settings)
    gc.collect()
    gc.freeze()  # what was imported stays; the collector need not look at it again
    serve(application, host, port, name)


def _migrate(package: str, name: str, *, allow_destructive: bool) -> None:
    from services.shared.migrations import migrate  # noqa: PLC0415 (serving needs no migrations)

    settings = load_or_exit(MigrationSettings)
    logs.configure(name, settings.log_level)
    sys.exit(migrate(package, name, settings, allow_destructive=allow_destructive))
