"""What the command that deploys takes and gives: digests of a build, a document for machines, a comment for people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.delivery.verdicts import DeliveryError, Verdict
from tests.support.deploying import DIGESTS, Command, deployed, played
from tests.support.engine_events import changes, recorded, step

command = pytest.fixture(played)


def test_digests_of_a_build_are_what_is_deployed(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "digests.json"
    file.write_text(json.dumps({"stack": "dev", "images": [], "digests": DIGESTS}))
    deployed(command)
    assert command.run("dev", "--yes", "--digests", str(file))[0] == 0
    assert command.engine.given["digests"] == DIGESTS


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "holds no digests: make it by `python -m scripts.build_and_push dev --json`"),
        ("[]", "holds no digests"),
        (json.dumps({"digests": {"data": DIGESTS["data"]}}), "has no digest of gateway, identity, frontend"),
        (json.dumps({"stack": "prod", "digests": DIGESTS}), "is of prod: copy the images first"),
    ],
)
def test_digests_that_do_not_fit_are_refused(command: Command, tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "digests.json"
    file.write_text(content)
    code, _, complaints = command.run("dev", "--yes", "--digests", str(file))
    assert code == 2
    assert words in complaints
    assert command.engine.given == {}


def test_the_document_for_machines_is_all_that_is_on_stdout(command: Command) -> None:
    command.engine.planned = recorded("risky_preview")
    code, said, aside = command.run("dev", "--preview", "--json", "--allow", "replaces-database")
    document = json.loads(said)
    assert (code, document["exit_code"], document["kind"]) == (3, 3, "preview")
    assert document["counts"]["replace"] == len([change for change in document["changes"] if change["op"] == "replace"])
    assert "replaces-database" not in document["blocked"]
    database = next(change for change in document["changes"] if change["type"] == "aws:rds/instance:Instance")
    assert database == {
        "op": "replace",
        "type": "aws:rds/instance:Instance",
        "name": "sri-dev",
        "component": "database",
        "properties": ["backupRetentionPeriod", "publiclyAccessible", "storageEncrypted"],
        "replaced_because": ["storageEncrypted"],
    }
    assert "Previewing dev ..." in aside


def test_the_comment_for_a_pull_request_leads_with_the_risks(command: Command, tmp_path: Path) -> None:
    command.engine.planned = recorded("risky_preview")
    command.run("dev", "--preview", "--comment", str(tmp_path / "comment.md"), "--allow", "replaces-database")
    lines = (tmp_path / "comment.md").read_text().splitlines()
    assert lines[0] == "<!-- preview dev -->"
    assert lines[1].startswith("### Preview of `dev`: 1 to create, 6 to update, ")
    rows = [line for line in lines if line.startswith("| ") and "`" in line]
    assert rows[0].startswith("| `replaces-database` | rds.Instance sri-dev |")
    assert rows[1].startswith("| ⚠️ `replaces-user-pool` | cognito.UserPool sri-dev |")
    assert any("unless it is run with `--allow replaces-user-pool" in line for line in lines)
    assert "| database | replace | rds.Instance sri-dev | " in "\n".join(lines)


def test_the_comment_of_a_failed_preview_says_why(command: Command, tmp_path: Path) -> None:
    command.engine.refused = DeliveryError(Verdict.NOT_READY, "There is no stack dev.")
    command.run("dev", "--preview", "--comment", str(tmp_path / "comment.md"))
    text = (tmp_path / "comment.md").read_text()
    assert "### Preview of `dev` failed" in text
    assert "There is no stack dev." in text
    assert "No risk found" not in text


def test_no_value_of_a_property_is_ever_shown(command: Command, tmp_path: Path) -> None:
    secret = {"secretString": "hunter22-in-clear-text"}
    command.engine.planned = changes(
        step(
            "aws:secretsmanager/secretVersion:SecretVersion",
            old={"secretString": "x"},
            new=secret,
            changed=("secretString",),
        )
    )
    shown = "".join(map(str, command.run("dev", "--preview", "--json", "--comment", str(tmp_path / "comment.md"))))
    shown += (tmp_path / "comment.md").read_text()
    assert "secretString" in shown
    assert "hunter22" not in shown


def test_the_help_names_every_risk_and_exit_code(command: Command) -> None:
    code, said, _ = command.run("--help")
    assert code == 0
    for word in ("replaces-database", "opens-network", "3 a risk", "4 drift"):
        assert word in said.replace("\n", " ")
