"""The command that deploys: what it asks, what blocks it, its verdicts and its exit codes."""

from __future__ import annotations

import json

import pytest

from scripts.delivery.engine import UpdateError
from scripts.delivery.risks import Risk
from scripts.delivery.steps import Changes
from scripts.delivery.verdicts import DeliveryError, Verdict
from services import catalog
from tests.support.deploying import Command, deployed, ecs_service, played
from tests.support.ecs import deployment, running, service, stopped
from tests.support.engine_events import changes, recorded, step

command = pytest.fixture(played)


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
    assert (
        complaints.splitlines()[-1]
        == "To deploy the same again, let Pulumi see it first: `pulumi refresh --stack dev`."
    )
    assert "The deployment of dev failed: data (crash-loop).\n" in complaints


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


def test_all_risks_can_be_allowed_in_one_word(command: Command) -> None:
    command.engine.planned = recorded("risky_preview")
    deployed(command)
    code, _, complaints = command.run("dev", "--yes", "--allow", ",".join(Risk))
    assert (code, complaints) == (0, "")


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
