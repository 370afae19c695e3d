"""A policy pack stops the engine before anything is done: needs the Pulumi CLI, and the pack's own environment."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.delivery.engine import Engine
from scripts.delivery.verdicts import DeliveryError

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = ROOT / "policy" / ".venv"

pytestmark = [
    pytest.mark.pulumi,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs the Pulumi CLI"),
    pytest.mark.skipif(not ENVIRONMENT.exists(), reason="needs the pack's environment: `make policy` makes it"),
]

PROGRAM = """
from pulumi import dynamic

class Provider(dynamic.ResourceProvider):
    def create(self, props):
        return dynamic.CreateResult("one", props)

class Thing(dynamic.Resource):
    def __init__(self, colour):
        super().__init__(Provider(), "thing", {"colour": colour})

Thing("red")
"""

PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def check(args, report):
    if args.props.get("colour") == FORBIDDEN:
        report(f"{args.props['colour']} is not wanted here")

rule = ResourceValidationPolicy("nothing-garish", "No garish colours.", check, EnforcementLevel.MANDATORY)
PolicyPack("colours", [rule])
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine that holds a program with one red thing to a pack; the pack is written by the test."""
    project, pack, state = (tmp_path / name for name in ("project", "pack", "state"))
    for folder in (project, pack, state):
        folder.mkdir()
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
    (project / "Pulumi.yaml").write_text(json.dumps({"name": "sri", "runtime": runtime}))
    (project / "__main__.py").write_text(PROGRAM)
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(ENVIRONMENT)}}
    (pack / "PulumiPolicy.yaml").write_text(json.dumps({"runtime": runtime}))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{state}")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "test")
    monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "true")
    subprocess.run(["pulumi", "stack", "init", "dev"], cwd=project, capture_output=True, check=True, timeout=60)
    return Engine("dev", lambda _line: None, folder=project, policy_pack=pack)


def test_a_rule_that_is_violated_fails_the_preview_with_its_name_and_sentence(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "pack" / "__main__.py").write_text(PACK.replace("FORBIDDEN", "'red'"))
    with pytest.raises(DeliveryError, match="red is not wanted here"):
        engine.preview()
    with pytest.raises(DeliveryError, match="nothing-garish"):
        engine.update()


def test_a_pack_without_complaint_lets_everything_pass(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "pack" / "__main__.py").write_text(PACK.replace("FORBIDDEN", "'blue'"))
    assert engine.preview().counts() == {"create": 1}
