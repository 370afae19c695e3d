"""What is made of the engine's events, and what the engine gets of the caller's account."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import EngineEvent

from scripts.rehearsal.engine import Happened, counted, note, private_environment

ENDPOINT = "http://127.0.0.1:4999"
REGION = "us-east-1"


def step(op: str, **more: Any) -> EngineEvent:
    metadata = {"op": op, "urn": "urn:pulumi:dev::sri::a:b:C$aws:s3/bucket:Bucket::logs", "type": "t", **more}
    return EngineEvent.from_json(
        {"sequence": 1, "timestamp": 1, "resourcePreEvent": {"metadata": {"provider": "p", **metadata}}}
    )


def said(message: str, severity: str = "error") -> EngineEvent:
    told = {"message": message, "color": "never", "severity": severity, "urn": "urn:pulumi:dev::sri::aws:a/b:C::it"}
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, "diagnosticEvent": told})


def test_what_changes_is_told_and_what_stays_is_not() -> None:
    happened = Happened()
    note(happened, step("same"))
    note(happened, step("update", diffs=["tags", "acl"]))
    assert happened.changes == ["logs (aws:s3/bucket:Bucket): update tags, acl"]


def test_the_reason_is_told_and_not_what_the_engine_broke_off_afterwards() -> None:
    happened = Happened()
    note(happened, said("a hint", "warning"))
    note(happened, said("creating it: \x1b[31mNo such\n  bucket<{%reset%}>"))
    note(happened, said("Traceback (most recent call last):\n  x\nKeyboardInterrupt"))
    note(happened, said("update failed"))
    assert happened.errors == ["it (aws:a/b:C): creating it: No such bucket"]


def test_of_a_traceback_the_error_is_told() -> None:
    happened = Happened()
    note(happened, said('Traceback (most recent call last):\n  File "x"\nValueError: no zone\n'))
    assert happened.errors == ["it (aws:a/b:C): ValueError: no zone"]


def test_a_list_of_problems_stays_one() -> None:
    happened = Happened()
    note(happened, said("2 problems in the configuration:\n  - sri:a: no\n  - sri:b: no"))
    note(happened, said("an unhandled error occurred: program exited with non-zero exit code: 1"))
    (error,) = happened.errors
    assert error.splitlines()[1:] == ["      - sri:a: no", "      - sri:b: no"]


def test_counts_are_told_of_what_changed_or_that_nothing_did() -> None:
    assert counted({"create": 3, "same": 1, "update": 7}) == "7 update, 3 create"
    assert counted({"same": 200, "read": 1}) == "201 unchanged"


def test_nothing_of_the_callers_account_reaches_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "PULUMI_ACCESS_TOKEN", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "the-callers-own")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "callers"))
    (tmp_path / "callers/plugins").mkdir(parents=True)
    (tmp_path / "callers/credentials.json").touch()
    with private_environment(REGION, ENDPOINT, tmp_path / "state"):
        assert [path.name for path in Path(os.environ["PULUMI_HOME"]).iterdir()] == ["plugins"]
        assert "the-callers-own" not in os.environ.values()
        assert os.environ["AWS_ENDPOINT_URL"] == ENDPOINT
        assert os.environ["PULUMI_BACKEND_URL"] == f"file://{tmp_path / 'state'}"
    assert os.environ["AWS_PROFILE"] == "the-callers-own"
