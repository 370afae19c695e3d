"""The command that deploys: what it asks, what blocks it, what it says in the end, and its exit codes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scripts import deploy
from scripts.delivery.console import Console
from scripts.delivery.deployment import Delivery
from scripts.delivery.engine import UpdateError
from scripts.delivery.steps import Changes
from scripts.delivery.verdicts import DeliveryError, Verdict
from services import catalog
from tests.support.ecs import CLUSTER, Clock, Conversation, deployment, running, service, stopped, target
from tests.support.engine_events import changes, recorded, step

DIGESTS = {one.name: f"sha256:{'ab' * 32}" for one in catalog.SERVICES}
HARMLESS = changes(step("aws:cloudwatch/dashboard:Dashboard", old={"a": 1}, new={"a": 2}))


def ecs_service(op: str = "update") -> Changes:
    """An update of the service data to revision 7."""
    inputs = {"cluster": CLUSTER, "name": target().name, "taskDefinition": target().task_definition}
    updated = step("aws:ecs/service:Service", op, old=inputs, new=inputs, name="sri-dev-data")
    parents = {updated.urn: "urn:pulumi:dev::sri::sri:service:FargateService::sri-dev-data"}
    return Changes(steps={updated.urn: updated}, parents=parents)


@dataclass
class FakeEngine:
    """Does what the test says instead of running Pulumi; remembers what it was asked."""

    planned: Changes = field(default_factory=lambda: HARMLESS)
    done: Changes | BaseException = field(default_factory=ecs_service)
    drifted: Changes = field(default_factory=Changes)
    refused: Exception | None = None
    given: dict[str, Any] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)

    def __call__(self, stack: str, _say: Callable[[str], None], **given: Any) -> FakeEngine:
        self.given = {"stack": stack, **given}
        if self.refused is not None:
            raise self.refused
        return self

    def take_deployed_digests(self) -> bool:
        return False

    def preview(self, targets: list[str] | None = None) -> Changes:
        self.asked.append(("preview", targets))
        return self.planned

    def update(self, targets: list[str] | None = None) -> Changes:
        self.asked.append(("update", targets))
        if isinstance(self.done, BaseException):
            raise self.done
        return self.done

    def drift(self) -> Changes:
        self.asked.append(("drift", None))
        return self.drifted


@dataclass
class Command:
    """The command line, over an engine and an AWS that the test plays."""

    engine: FakeEngine
    aws: Conversation
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        try:
            code = deploy.main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, *self.capsys.readouterr()

    def answers(self, *answers: str) -> None:
        """Somebody is there and says that."""
        self.monkeypatch.setattr(Console, "attended", staticmethod(lambda: True))
        self.monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{answer}\n" for answer in answers)))


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    engine = FakeEngine()
    monkeypatch.setattr(deploy, "Engine", engine)
    monkeypatch.setattr(Console, "attended", staticmethod(lambda: False))
    with Conversation() as aws:
        changed = {"clients": lambda _region: aws.clients, "patience": Clock().patience()}
        monkeypatch.setattr(deploy, "Delivery", lambda **given: Delivery(**{**given, **changed}))
        yield Command(engine, aws, capsys, monkeypatch)


def deployed(command: Command) -> None:
    command.aws.services(service(deployment(7, "COMPLETED", running=2)))


def test_a_deployment_is_good_when_every_service_runs_what_was_deployed(command: Command) -> None:
    deployed(command)
    code, said, complaints = command.run("dev", "--yes")
    assert (code, complaints) == (0, "")
    assert said.splitlines()[-1] == "dev is deployed: every service runs what it should."
    assert "data: 2 of 2 running" in said


def test_a_rollback_fails_though_the_engine_was_content(command: Command) -> None:
    command.aws.services(
        service(deployment(6, "COMPLETED", running=2), events=["rolling back to deployment ecs-svc/6"])
    )
    command.aws.evidence([stopped("Essential container in task exited", code=1)], [running()], ["ValueError: no key"])
    code, _, complaints = command.run("dev", "--yes")
    assert code == 1
    assert "data: crash-loop: " in complaints
    assert "log | ValueError: no key" in complaints
    assert complaints.splitlines()[-1] == "The deployment of dev failed: data (crash-loop)."


def test_a_preview_shows_changes_and_deploys_nothing(command: Command) -> None:
    code, said, _ = command.run("dev", "--preview")
    assert code == 0
    assert command.engine.asked == [("preview", None)]
    assert "~ cloudwatch.Dashboard sri-dev" in said
    assert "dev: 1 to update" in said


def test_a_risk_blocks_whoever_does_not_allow_it(command: Command) -> None:
    command.engine.planned = recorded("risky_preview")
    for what in ("--preview", "--yes"):
        code, said, complaints = command.run("dev", what)
        assert code == 3
        assert "RISK    replaces-database: rds.Instance sri-dev replaces the database" in said
        assert "--allow replaces-database --allow replaces-user-pool --allow deletes-data" in complaints
    assert [what for what, _ in command.engine.asked] == ["preview", "preview"]


def test_a_risk_that_is_allowed_by_name_blocks_no_more(command: Command) -> None:
    command.engine.planned = changes(step("aws:rds/instance:Instance", "replace", old={"a": 1}, new={"a": 2}))
    deployed(command)
    code, said, _ = command.run("dev", "--yes", "--allow", "replaces-database")
    assert code == 0
    assert "allowed replaces-database" in said


def test_a_risk_that_nobody_knows_cannot_be_allowed(command: Command) -> None:
    code, _, complaints = command.run("dev", "--yes", "--allow", "everything")
    assert code == 2
    assert "replaces-database" in complaints


def test_whoever_is_there_is_asked_before_anything_is_done(command: Command) -> None:
    command.answers("n")
    code, _, complaints = command.run("dev")
    assert code == 1
    assert "Deploy dev? [y/N]" in complaints
    assert command.engine.asked == [("preview", None)]
    command.answers("y")
    deployed(command)
    assert command.run("dev")[0] == 0


def test_whoever_is_there_is_asked_for_each_risk(command: Command) -> None:
    command.engine.planned = changes(
        step("aws:rds/instance:Instance", "replace", old={"a": 1}, new={"publiclyAccessible": True})
    )
    command.answers("y", "n")
    code, _, complaints = command.run("dev")
    assert code == 3
    assert "replaces-database (a database is made anew, empty): allow it? [y/N]" in complaints
    assert "opens-network (" in complaints
    command.answers("y", "y")
    deployed(command)
    assert command.run("dev")[0] == 0


def test_nobody_there_and_no_yes_deploys_nothing(command: Command) -> None:
    code, _, complaints = command.run("dev")
    assert code == 2
    assert "say --yes" in complaints
    assert command.engine.asked == []


@pytest.mark.parametrize(
    ("verdict", "text"),
    [(Verdict.LOCKED, "`pulumi cancel --stack dev` frees it"), (Verdict.UPDATE_FAILED, "no such bucket")],
)
def test_an_update_that_fails_is_told_with_its_verdict(command: Command, verdict: Verdict, text: str) -> None:
    command.engine.done = UpdateError(verdict, text, Changes())
    code, _, complaints = command.run("dev", "--yes")
    assert code == 1
    assert complaints.splitlines()[-1] == f"dev: {verdict}: {text}"


def test_an_update_that_fails_at_a_service_still_says_what_is_wrong_with_it(command: Command) -> None:
    """The engine waits for services as well, and only knows that it waited for long."""
    half = ecs_service()
    half.failed = list(half.steps.values())
    command.engine.done = UpdateError(
        Verdict.UPDATE_FAILED, "timeout while waiting for state to become 'tfSTABLE'", half
    )
    command.aws.services(service(deployment(7, failed=9)))
    command.aws.evidence([stopped("Essential container in task exited", code=1)], [], ["ValueError: no key"])
    code, _, complaints = command.run("dev", "--yes")
    assert code == 1
    assert "log | ValueError: no key" in complaints
    assert "tfSTABLE" in complaints.splitlines()[-1]


def test_what_is_not_set_up_is_no_failed_deployment(command: Command) -> None:
    command.engine.refused = DeliveryError(
        Verdict.NOT_READY, "There is no stack dev: `pulumi stack init dev` makes it."
    )
    code, _, complaints = command.run("dev", "--preview")
    assert code == 2
    assert complaints == "There is no stack dev: `pulumi stack init dev` makes it.\n"


def test_a_lost_connection_while_waiting_is_its_own_verdict(command: Command) -> None:
    command.aws.fails("ecs", "describe_services", "ExpiredTokenException")
    code, said, _ = command.run("dev", "--yes", "--json")
    assert (code, json.loads(said)["verdict"]) == (1, "credentials")


def test_stopping_it_by_hand_while_it_waits_says_what_goes_on(command: Command) -> None:
    command.engine.done = KeyboardInterrupt()
    code, _, complaints = command.run("dev", "--yes")
    assert code == 1
    assert "Stopped by hand: whatever ECS has begun goes on" in complaints


def test_drift_has_its_own_exit_code_and_none_is_good(command: Command) -> None:
    code, said, _ = command.run("dev", "--drift")
    assert (code, said.splitlines()[-1]) == (0, "dev is as it was deployed.")
    command.engine.drifted = recorded("drift", refreshing=True)
    code, said, complaints = command.run("dev", "--drift")
    assert code == 4
    assert "~ cloudwatch.LogGroup sri-dev-data" in said
    assert "dev: 2 changed, 1 gone" in said
    assert complaints.startswith("3 resources differ from what was deployed.")


def test_only_the_repositories_are_deployed_before_there_are_images(command: Command) -> None:
    code, said, _ = command.run("dev", "--repositories", "--yes")
    assert code == 0
    assert {targets[0] for _, targets in command.engine.asked} == {"**sri:images:Images**"}
    assert command.engine.given["digests"] == {one.name: f"sha256:{'0' * 64}" for one in catalog.SERVICES}
    assert said.splitlines()[-1] == "The repositories are there: push the images."


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
