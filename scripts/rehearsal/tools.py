"""The two things that a rehearsal needs and this project does not bring: the Pulumi CLI and its AWS plug-in."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess

from scripts.rehearsal.errors import ToolMissingError
from scripts.stack import INSTALL

PATIENCE_S = 600


def missing() -> str:
    """What is not here, as a sentence that says how to get it; "" if nothing is missing."""
    if shutil.which("pulumi") is None:
        return f"A rehearsal needs the Pulumi CLI: install it ({INSTALL}) and try again."
    version = plug_in_version()
    if shutil.which("pulumi-resource-aws") or _is_installed(version):
        return ""
    return f"A rehearsal needs Pulumi's AWS plug-in: get it with `{_fetching(version)}` and try again."


def require_tools() -> None:
    """Return if both are here; the plug-in is fetched if only it is missing. ToolMissingError with how to get it."""
    sentence = missing()
    if not sentence:
        return
    if shutil.which("pulumi") is None:
        raise ToolMissingError(sentence)
    fetched = _pulumi("plugin", "install", "resource", "aws", plug_in_version())
    if fetched.returncode:
        reason = (fetched.stderr.strip().splitlines() or ["it says nothing"])[-1].removeprefix("error: ")
        raise ToolMissingError(f"{sentence} It could not be fetched right now: {reason}")


def plug_in_version() -> str:
    """The version that belongs to the program's SDK."""
    return importlib.metadata.version("pulumi_aws")


def _fetching(version: str) -> str:
    return f"pulumi plugin install resource aws {version}"


def _is_installed(version: str) -> bool:
    listed = _pulumi("plugin", "ls", "--json")
    try:
        plug_ins = json.loads(listed.stdout or "[]")
    except ValueError:
        return False
    return any(plug_in.get("name") == "aws" and plug_in.get("version") == version for plug_in in plug_ins)


def _pulumi(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],  # noqa: S607 - whichever the caller has on PATH
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolMissingError(
            f"`pulumi {' '.join(arguments)}` did not end within {PATIENCE_S} s: is the network reachable?"
        ) from error
