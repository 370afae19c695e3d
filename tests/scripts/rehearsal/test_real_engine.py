"""A tiny program by the real engine, where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.rehearsal import tools
from scripts.rehearsal.engine import Engine, private_environment
from scripts.rehearsal.private_copy import make_copy
from scripts.rehearsal.state_scan import find_secrets

REGION = "us-east-1"
PASSWORD = "Correct-horse-7"

TINY = """
import pulumi, pulumi_aws as aws
text = "Correct-horse-7"
value = pulumi.Output.secret(text) if pulumi.Config("sri").get_bool("careful") else text
kept = aws.secretsmanager.Secret("kept", recovery_window_in_days=0)
aws.secretsmanager.SecretVersion("kept", secret_id=kept.id, secret_string=value)
pulumi.export("note", value)
"""


@pytest.mark.pulumi
@pytest.mark.timeout(600)
@pytest.mark.skipif(bool(tools.missing()), reason=tools.missing())
@pytest.mark.parametrize("careful", [True, False], ids=["marked", "in clear text"])
def test_the_real_engine_deploys_and_its_state_is_looked_through(
    careful: bool, endpoint: str, project: Path, tmp_path: Path
) -> None:
    (project / "__main__.py").write_text(TINY)
    (project / "Pulumi.dev.yaml").write_text(f"config: {{'sri:careful': {str(careful).lower()}}}\n")
    copy = make_copy(project, tmp_path / "copy", "dev", endpoint)
    with private_environment(REGION, endpoint, tmp_path / "state"):
        engine = Engine(copy)
        assert engine.preview().errors == []
        assert engine.up().counts["create"] == 3
        again = engine.up()
        assert (again.changes, again.errors) == ([], [])
        leaks = find_secrets(engine.export(), {"kept": PASSWORD}, tmp_path / "state")
        assert bool(leaks) is not careful
        assert PASSWORD not in str(leaks)
        assert engine.destroy().errors == []
