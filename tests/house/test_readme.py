"""What the README promises is run, or at least exists."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from components.config import DatabaseConfig, ServiceConfig, StackConfig
from tests.support.platform import Platform
from tests.support.stacks import stack

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
NOT_KEYS = {"name", "region", "default_tags"}
"""Fields of StackConfig that are no keys of `sri:`."""


def walk() -> str:
    """The shell commands of the walk with curl."""
    found = re.search(r"<!-- walk -->\s*```sh\n(.*?)```", README, re.DOTALL)
    assert found, "the README has no walk"
    return found[1]


def section(title: str) -> str:
    return README.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(text: str) -> set[str]:
    """The names in the first column of the tables in `text`."""
    return set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))


def in_shell(commands: str, platform: Platform) -> str:
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=ROOT,
        env={**os.environ, "SRI_STATE_DIR": str(platform.state_dir)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    return run.stdout


def test_the_walk_with_curl_does_what_it_says(platform: Platform) -> None:
    output = in_shell(walk() + '\necho\necho "$SESSION"', platform)
    documents = [json.loads(text) for text in re.findall(r"\{.*\}(?=\n|\{|$)", output.replace("}{", "}\n{"))]
    signed_up, created, listed, refreshed, refused, session = documents
    assert signed_up["delivery"]["medium"] == "EMAIL"
    assert session["user"]["name"] == "Ada"
    assert created in listed["items"]
    assert refreshed["token_type"] == "Bearer"
    assert (refused["status"], refused["code"]) == (401, "session_expired")


def test_every_make_command_it_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake(?: -s)? ([a-z]+)\b", README)) <= targets


def test_every_file_it_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_it_explains_each_configuration_key() -> None:
    keys = {f"sri:{name}" for name in StackConfig.__dataclass_fields__ if name not in NOT_KEYS}
    assert {name for name in rows(section("Configuration")) if name.startswith("sri:")} == keys


@pytest.mark.parametrize("group", [ServiceConfig, DatabaseConfig])
def test_it_explains_each_member_of_a_configuration_object(group: type[ServiceConfig | DatabaseConfig]) -> None:
    text = section("Configuration")
    assert [name for name in group.__dataclass_fields__ if f"`{name}`" not in text] == []


def test_it_explains_each_output_of_the_stack() -> None:
    assert rows(section("Outputs")) == set(stack("dev").outputs)
