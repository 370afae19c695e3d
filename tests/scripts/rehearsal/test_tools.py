"""What is told to whoever lacks the Pulumi CLI or its plug-in."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scripts import rehearse
from scripts.rehearsal import tools
from scripts.rehearsal.errors import ToolMissingError


def put(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!{sys.executable}\n{script}")
    (folder / name).chmod(0o755)


def test_without_the_cli_one_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert rehearse.main(["dev"]) == rehearse.NO_TOOLS == 3
    assert capsys.readouterr().err == (
        "A rehearsal needs the Pulumi CLI: install it (https://www.pulumi.com/docs/install/) and try again.\n"
    )


def test_without_the_plug_in_one_sentence_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "pulumi", "import sys\nif 'ls' in sys.argv: print('[]')\nelse: sys.exit('error: no network')")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError) as raised:
        tools.require_tools()
    wanted = f"get it with `pulumi plugin install resource aws {tools.plug_in_version()}` and try again"
    assert wanted in str(raised.value)
    assert str(raised.value).endswith("could not be fetched right now: no network")


def test_a_plug_in_of_the_programs_version_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = json.dumps([{"name": "aws", "kind": "resource", "version": tools.plug_in_version()}])
    put(tmp_path, "pulumi", f"print({listed!r})")
    monkeypatch.setenv("PATH", str(tmp_path))
    tools.require_tools()


def test_a_plug_in_of_another_version_is_fetched_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = tmp_path / "asked"
    script = f"""
import pathlib, sys
if "ls" in sys.argv:
    print('[{{"name": "aws", "version": "1.0.0"}}]')
else:
    pathlib.Path({str(asked)!r}).write_text(" ".join(sys.argv[1:]))
"""
    put(tmp_path, "pulumi", script)
    monkeypatch.setenv("PATH", str(tmp_path))
    tools.require_tools()
    assert asked.read_text() == f"plugin install resource aws {tools.plug_in_version()} --non-interactive"
