"""A pull request's preview and the nightly look, with commands that answer as the real ones do."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.build_and_push import main as build
from scripts.ci import nightly, preview
from scripts.ci.commands import NOT_BUILT, CommandError, Commands
from scripts.deploy import parser

BUILD = """
import json, sys
assert sys.argv[2:] == ["--dry-run", "--json"], sys.argv
images = [
    {"service": "data", "digest": None, "action": "would build"},
    {"service": "gateway", "digest": "sha256:1", "action": "exists"},
]
json.dump({"stack": sys.argv[1], "images": images, "digests": {"gateway": "sha256:1"}}, sys.stdout)
"""

DEPLOY = """
import json, pathlib, sys
option = lambda name: pathlib.Path(sys.argv[sys.argv.index(name) + 1])
if "--comment" in sys.argv:
    option("--comment").write_text("### prod\\nchanged by hand\\n")
if "--drift" in sys.argv:
    sys.exit(DRIFT)
if "--digests" in sys.argv:
    pathlib.Path(__file__).with_name("digests").write_text(option("--digests").read_text())
if "--json" in sys.argv:
    json.dump({"changes": [{"op": OP, "type": "pulumi-python:dynamic/sri:GeneratedSecret"}]}, sys.stdout)
sys.exit(PREVIEW)
"""


def commands(tmp_path: Path, *, drift: int = 0, op: str = "same", preview: int = 0) -> Commands:
    answers = DEPLOY.replace("DRIFT", str(drift)).replace("OP", repr(op)).replace("PREVIEW", str(preview))
    (tmp_path / "deploy.py").write_text(answers)
    (tmp_path / "build.py").write_text(BUILD)
    python = sys.executable
    return Commands(build=(python, str(tmp_path / "build.py")), deploy=(python, str(tmp_path / "deploy.py")))


@pytest.mark.parametrize(("drift", "drifted"), [(0, False), (4, True)])
def test_the_report_says_whether_the_stack_differs(tmp_path: Path, drift: int, drifted: bool) -> None:
    nightly.look("prod", tmp_path / "reports", None, commands(tmp_path, drift=drift))
    found = json.loads((tmp_path / "reports" / "prod.json").read_text())
    assert found["drifted"] is drifted
    assert ("changed by hand" in found["text"]) is drifted


@pytest.mark.parametrize(("op", "due"), [("same", "false"), ("create", "false"), ("update", "true")])
def test_a_password_is_due_when_a_deployment_would_replace_it(tmp_path: Path, op: str, due: str) -> None:
    output = tmp_path / "output"
    nightly.look("prod", tmp_path / "reports", output, commands(tmp_path, op=op, preview=3))
    assert output.read_text() == f"rotate={due}\n"


@pytest.mark.parametrize(("drift", "code"), [(1, 0), (0, 1), (2, 0)])
def test_a_stack_that_cannot_be_looked_at_fails(tmp_path: Path, drift: int, code: int) -> None:
    with pytest.raises(CommandError, match=r"deploy prod --(drift|preview) failed: exit code [12]"):
        nightly.look("prod", tmp_path / "reports", None, commands(tmp_path, drift=drift, preview=code))


@pytest.mark.parametrize("code", [0, 3])
def test_a_preview_tells_of_risks_by_its_exit_code_and_of_images_in_its_comment(tmp_path: Path, code: int) -> None:
    assert preview.preview("dev", tmp_path / "preview", commands(tmp_path, preview=code)) == code
    text = (tmp_path / "preview" / "dev.md").read_text()
    assert text.startswith("### prod")
    assert "Images to build: data." in text
    digests = json.loads((tmp_path / "digests").read_text())
    assert digests == {"stack": "dev", "digests": {"data": NOT_BUILT, "gateway": "sha256:1"}}


@pytest.mark.parametrize("ready", [True, False])
def test_a_preview_is_held_to_the_policy_pack_where_that_can_run(
    tmp_path: Path, ready: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = tmp_path / "policy"
    (pack / ".venv" if ready else pack).mkdir(parents=True)
    monkeypatch.setattr(preview, "PACK", pack)
    deploy = (
        sys.executable,
        "-c",
        "import pathlib, sys; pathlib.Path('asked').write_text(' '.join(sys.argv)); sys.exit(1)",
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError):
        preview.preview("dev", tmp_path / "preview", replace(commands(tmp_path), deploy=deploy))
    assert (f"--policy-pack {pack}" in (tmp_path / "asked").read_text()) is ready


def test_a_service_without_a_repository_is_previewed_with_the_images_that_are_deployed(tmp_path: Path) -> None:
    unusable = (sys.executable, "-c", "import sys; sys.exit(2)")
    assert preview.preview("dev", tmp_path / "preview", replace(commands(tmp_path), build=unusable)) == 0
    assert "a service has no repository" in (tmp_path / "preview" / "dev.md").read_text()
    assert not (tmp_path / "digests").exists()


def test_a_registry_that_cannot_be_asked_fails_the_preview(tmp_path: Path) -> None:
    broken = (sys.executable, "-c", "import sys; sys.exit(1)")
    with pytest.raises(CommandError, match="the images of dev could not be looked at: exit code 1"):
        preview.preview("dev", tmp_path / "preview", replace(commands(tmp_path), build=broken))


def test_a_preview_that_cannot_be_made_fails(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="deploy dev --preview failed: exit code 1"):
        preview.preview("dev", tmp_path / "preview", commands(tmp_path, preview=1))


def test_the_real_commands_take_these_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["--drift", "--comment", "x"],
        ["--preview", "--digests", "x", "--json", "--comment", "y", "--policy-pack", "z"],
    ):
        parser().parse_args(["dev", *arguments])
    with pytest.raises(SystemExit) as ended:
        build(["dev", "--dry-run", "--json", "--help"])
    assert ended.value.code == 0
    assert "--dry-run" in capsys.readouterr().out
