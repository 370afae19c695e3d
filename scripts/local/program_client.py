"""The supervisor's side of `program_process`: starts that process and listens to it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

from scripts.local.blueprint import Blueprint
from scripts.local.deployed_pool import callers_environment
from scripts.local.errors import LocalRunError
from scripts.local.processes import Command, base_environment, last_lines
from scripts.local.program_request import Request
from scripts.local.registry import Registry
from scripts.local.state import REPOSITORY

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes that it may tell in one line."""


async def run_in_process(
    request: Request, log: Path, registry: Registry, made: Callable[[int, str], None], note: Callable[[str], None]
) -> Blueprint:
    """Run the program; `made` is told how many resources there are and the type of the last, `note` what takes long.

    LocalRunError with what is wrong with the program, or with us.
    """
    command = Command(
        argv=[sys.executable, "-m", "scripts.local.program_process"],
        env=base_environment() | (callers_environment() if request.pool else {}),
        cwd=REPOSITORY,
        umask=0o022,  # the program stages what goes into images, for the containers' own user to read
    )
    with log.open("ab") as errors:
        pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE, "stderr": errors}
        options = command.options(None) | pipes
        process = await asyncio.create_subprocess_exec(*command.argv, **options, limit=LINE_LIMIT)
    registry.add(process.pid, "program")
    try:
        return await listen(process, request, log, made, note)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        registry.remove(process.pid)


async def listen(
    process: asyncio.subprocess.Process,
    request: Request,
    log: Path,
    made: Callable[[int, str], None],
    note: Callable[[str], None],
) -> Blueprint:
    """Hand over the request and take in what is told until the end."""
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
    process.stdin.write(request.to_json().encode())
    process.stdin.close()
    count = 0
    async for line in process.stdout:
        message = json.loads(line)
        if "blueprint" in message:
            await process.wait()
            return Blueprint.from_json(message["blueprint"])
        if "failed" in message:
            raise LocalRunError(message["failed"])
        if "note" in message:
            note(message["note"])
        else:
            count += 1
            made(count, message["made"][0])
    code = await process.wait()
    lines = "".join(f"\n    {line}" for line in last_lines(log))
    raise LocalRunError(f"running the program ended with {code} and said nothing. Its last lines ({log}):{lines}")
