"""The nightly look at a stack, with a deploy command that answers as the real one is agreed to."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from scripts.ci.nightly import LookError, look

ANSWERS = """
import json, pathlib, sys
if "--drift" in sys.argv:
    pathlib.Path(sys.argv[sys.argv.index("--comment") + 1]).write_text("### prod\\nchanged by hand")
    sys.exit({drift})
json.dump({{"changes": [{{"op": {op!r}, "type": "pulumi-python:dynamic/sri:GeneratedSecret"}}]}}, sys.stdout)
sys.exit({preview})
"""


def deploy(tmp_path: Path, *, drift: int = 0, op: str = "same", preview: int = 0) -> list[str]:
    script = tmp_path / "deploy.py"
    script.write_text(ANSWERS.format(drift=drift, op=op, preview=preview))
    return [sys.executable, str(script)]


@pytest.mark.parametrize(("drift", "drifted"), [(0, False), (4, True)])
def test_the_report_says_whether_the_stack_differs(
    tmp_path: Path, drift: int, drifted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    look("prod", tmp_path / "reports", None, deploy(tmp_path, drift=drift))
    found = json.loads((tmp_path / "reports" / "prod.json").read_text())
    assert found["drifted"] is drifted
    assert ("changed by hand" in found["text"]) is drifted


@pytest.mark.parametrize(("op", "due"), [("same", "false"), ("update", "true")])
def test_a_password_is_due_when_a_deployment_would_replace_it(
    tmp_path: Path, op: str, due: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output = tmp_path / "output"
    look("prod", tmp_path / "reports", output, deploy(tmp_path, op=op, preview=3))
    assert output.read_text() == f"rotate={due}\n"


@pytest.mark.parametrize(("drift", "preview"), [(1, 0), (0, 1)])
def test_a_stack_that_cannot_be_looked_at_fails(
    tmp_path: Path, drift: int, preview: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LookError, match="exit code 1"):
        look("prod", tmp_path / "reports", None, deploy(tmp_path, drift=drift, preview=preview))
