"""What is made of the engine's events: the recordings are those of a real CLI."""

from __future__ import annotations

from pulumi.automation.events import DiagnosticEvent

from scripts.delivery.diagnostics import Diagnostics
from scripts.delivery.rollout import targets_of
from tests.support.engine_events import recorded


def test_each_resource_is_told_once_however_many_events_its_replacement_takes() -> None:
    changes = recorded("risky_preview")
    labels = [step.label for step in changes.changing]
    assert len(labels) == len(set(labels))
    database = next(step for step in changes.changing if step.kind == "rds.Instance")
    assert (database.op, database.because) == ("replace", ("storageEncrypted",))
    assert database.changed == ("backupRetentionPeriod", "publiclyAccessible", "storageEncrypted")
    assert (database.old["storageEncrypted"], database.new["storageEncrypted"]) == (True, False)


def test_resources_are_grouped_by_the_outermost_component() -> None:
    changes = recorded("risky_preview")
    found = {step.label: changes.component(step) for step in changes.changing}
    assert found["rds.Instance sri-dev"] == "database"
    assert found["vpc.SecurityGroupIngressRule sri-dev-debug"] == "firewall"
    assert found["ecs.TaskDefinition sri-dev-data"] == "service data"
    assert found["secretsmanager.SecretVersion sri-dev-client-secret"] == "auth"


def test_components_are_but_names_and_do_not_count_as_changes() -> None:
    assert not [step for step in recorded("risky_preview").changing if step.type.startswith("sri:")]


def test_drift_is_what_a_refresh_found_otherwise_not_what_it_looked_at() -> None:
    changes = recorded("drift", refreshing=True)
    assert [(step.op, step.label, step.changed) for step in changes.changing] == [
        ("update", "rds.Instance sri-dev", ("backupRetentionPeriod",)),
        ("update", "cloudwatch.LogGroup sri-dev-data", ("retentionInDays",)),
        ("delete", "cloudwatch.LogGroup sri-dev-frontend", ()),
    ]


def test_how_many_tasks_the_scaling_runs_is_no_drift() -> None:
    """In the recording, the service had been scaled to nothing meanwhile."""
    services = recorded("drift", refreshing=True).of_type("aws:ecs/service:Service")
    assert [(step.name, step.op) for step in services] == [("sri-dev-data", "same")]


def test_an_update_tells_what_each_service_was_told_to_run() -> None:
    found = targets_of(recorded("first_update"))
    assert [(target.label, target.revision, target.region) for target in found] == [
        ("data", "sri-dev-data:1", "us-east-1"),
        ("gateway", "sri-dev-gateway:1", "us-east-1"),
    ]
    assert found[0].name.startswith("sri-dev-data-")
    assert ":cluster/sri-dev-" in found[0].cluster


def test_before_an_update_nobody_knows_what_the_services_will_run() -> None:
    assert targets_of(recorded("risky_preview")) == []


def test_a_failed_update_names_what_failed_and_why_without_the_engines_echoes() -> None:
    changes = recorded("failed_update")
    assert {step.name for step in changes.failed} == {
        "sri-dev-identity-execution", "sri-dev-identity-migrate-execution", "sri-dev-identity-task",
    }  # fmt: skip
    errors = [str(error) for error in changes.diagnostics.errors]
    assert len(errors) == 3
    assert all("(aws:iam/rolePolicy:RolePolicy): putting IAM Role" in error for error in errors)
    assert not [error for error in errors if "KeyboardInterrupt" in error or "update failed" in error]


def test_a_refused_configuration_is_told_as_the_program_told_it() -> None:
    (error,) = recorded("refused_configuration").diagnostics.errors
    assert str(error).splitlines() == [
        "1 problem in the stack's configuration:",
        "  - sri:vpc_cidr: a /8 cannot be cut into subnets for 4 zones; use /16 to /23",
    ]


def diagnosed(message: str, severity: str = "error", *, ephemeral: bool = False) -> Diagnostics:
    found = Diagnostics()
    found.take(DiagnosticEvent(message=message, color="raw", severity=severity, ephemeral=ephemeral))
    return found


def test_a_traceback_becomes_its_last_line_with_the_place_in_the_program() -> None:
    trace = (
        "Traceback (most recent call last):\n"
        '  File "/project/components/network.py", line 41, in zones_of\n'
        '  File "/venv/lib/python3.11/site-packages/pulumi/runtime.py", line 7, in run\n'
        "ValueError: no zone\n"
    )
    assert str(diagnosed(trace).errors[0]) == "ValueError: no zone (network.py:41)"


def test_the_interrupt_of_what_still_ran_is_no_error_of_its_own() -> None:
    assert diagnosed("Traceback (most recent call last):\n  ...\nKeyboardInterrupt\n").errors == []


def test_markup_and_repetitions_and_debugging_words_are_left_out() -> None:
    found = diagnosed("<{%fg 1%}>no such bucket<{%reset%}>\n")
    found.take(DiagnosticEvent(message="no such bucket", color="raw", severity="error"))
    found.take(DiagnosticEvent(message="registering", color="raw", severity="debug"))
    found.take(DiagnosticEvent(message="working ...", color="raw", severity="error", ephemeral=True))
    assert [str(error) for error in found.errors] == ["no such bucket"]


def test_secrets_in_a_message_are_blanked() -> None:
    said = (
        "cannot connect to postgres://sri:hunter22@db:5432 with password=hunter22, "
        "token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl and AKIAABCDEFGHIJKLMNOP"
    )
    shown = str(diagnosed(said).errors[0])
    assert not [secret for secret in ("hunter22", "eyJ", "AKIA") if secret in shown]
    assert shown.startswith("cannot connect to postgres://sri:[secret]@db:5432")
