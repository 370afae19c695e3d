"""Runs one Pulumi program, `__main__.py` of a directory, to its stack outputs."""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import runpy
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, set_all_config
from pulumi.runtime.settings import configure, get_root_resource
from pulumi.runtime.stack import Stack, run_in_stack

from scripts.local.engine.cloud import Cloud
from scripts.local.engine.errors import ProgramError, ResourceError, UnmappedError
from scripts.local.engine.facts import LocalFacts
from scripts.local.engine.monitor import Monitor, Report

LOGGER = logging.getLogger("pulumi.program")


def run_program(
    directory: Path,
    *,
    project: str,
    stack: str,
    config: Mapping[str, str],
    facts: LocalFacts,
    progress: Callable[[str, str], None] = lambda _type, _name: None,
) -> tuple[Report, Cloud]:
    """Run the program once, every resource made in the emulators that the environment names.

    `config` has full keys ("sri:tier", "aws:region") and texts, as Pulumi stores them.

    Raises UnmappedError for what the engine knows no row for, ResourceError for what an emulator refused,
    ProgramError for what the program refused (pulumi.RunError and its kin); other exceptions are the program's bugs.
    """
    cloud = Cloud(config.get("aws:region") or "us-east-1")
    block = json.loads(config.get("aws:defaultTags") or "{}")
    monitor = Monitor(cloud, facts, block.get("tags") or {}, progress)
    try:
        # Pulumi keeps settings, configuration and the root resource in context variables.
        contextvars.copy_context().run(_run, directory, project, stack, config, monitor)
    except Exception as error:
        explained = _explained(error, monitor.report)
        if explained is error:
            raise
        raise explained from error
    if monitor.report.problems:
        raise UnmappedError(monitor.report.problems)
    missing = monitor.report.exported - monitor.report.outputs.keys()
    if missing:
        raise UnmappedError([f"stack output {name}: no row returns its value" for name in missing])
    return monitor.report, cloud


def _run(directory: Path, project: str, stack: str, config: Mapping[str, str], monitor: Monitor) -> None:
    set_all_config(dict(config))
    settings: dict[str, Any] = {
        "monitor": monitor,
        "monitor_features": set(monitor.GetDeploymentInfo(None).supportedFeatures),  # type: ignore[no-untyped-call]
        "engine": mocks.MockEngine(LOGGER),
        "project": project,
        "stack": stack,
        "organization": "local",
        "root_directory": str(directory),
        "dry_run": False,
        "callbacks": None,
    }
    configure(mocks.MockSettings(**settings))  # type: ignore[no-untyped-call]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_exception_handler(lambda _loop, _context: None)  # what fails is reported once, by the monitor
    before = set(sys.modules)
    sys.path.insert(0, str(directory))
    try:
        loop.run_until_complete(run_in_stack(lambda: _execute(directory / "__main__.py", monitor.report)))
    finally:
        sys.path.remove(str(directory))
        _forget_modules(directory, before)
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        loop.close()


def _execute(program: Path, report: Report) -> None:
    runpy.run_path(str(program), run_name="__main__")
    stack = get_root_resource()
    report.exported = set(stack.outputs) if isinstance(stack, Stack) else set()


def _forget_modules(directory: Path, before: set[str]) -> None:
    """Another run in this process must execute the program's own modules again."""
    for name in set(sys.modules) - before:
        if name.startswith("scripts."):
            continue
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(f"{directory}/") and "site-packages" not in file:
            del sys.modules[name]


def _explained(error: Exception, report: Report) -> Exception:
    """The error to show: what the monitor knows goes before what Pulumi made of it."""
    if report.problems:
        return UnmappedError(report.problems)
    if report.bugs:
        return report.bugs[0]
    if report.failures:
        return ResourceError("\n".join(report.failures))
    if isinstance(error, (pulumi.RunError, pulumi.ConfigMissingError, pulumi.ConfigTypeError)):
        return ProgramError(str(error))
    return error
