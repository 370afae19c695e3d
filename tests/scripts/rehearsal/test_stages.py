"""The stages in order, what each must show, and the table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from scripts.rehearsal import contract
from scripts.rehearsal.engine import Happened
from scripts.rehearsal.private_copy import make_copy
from scripts.rehearsal.report import Stage, document, table
from scripts.rehearsal.stages import Rehearsal
from tests.support.stacks import ROOT

ENDPOINT = "http://127.0.0.1:4999"


class Played:
    """An engine whose operations end as they are told to."""

    def __init__(self, **happened: Happened) -> None:
        self._happened = happened
        self.asked: list[str] = []

    def _play(self, name: str) -> Happened:
        self.asked.append(name)
        return self._happened.get(name, Happened(counts={"create": 1}))

    def preview(self) -> Happened:
        return self._play("preview")

    def up(self) -> Happened:
        return self._play("up" if "up" not in self.asked else "again")

    def destroy(self) -> Happened:
        return self._play("destroy")

    def export(self) -> dict[str, Any]:
        return {"deployment": {"resources": []}}

    def outputs(self) -> dict[str, Any]:
        return {}


def played(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: Played,
    *,
    wrong: tuple[str, ...] = (),
    secrets_of: Callable[[object], dict[str, str]] = lambda _: {},
) -> list[Stage]:
    monkeypatch.setattr(contract, "broken", lambda _: list(wrong))
    monkeypatch.setattr(contract, "secrets_of", secrets_of)
    monkeypatch.setattr(contract, "left_over", lambda _: [])
    copy = make_copy(ROOT, tmp_path / "copy", "dev", ENDPOINT)
    return list(Rehearsal(copy, engine, ENDPOINT, tmp_path / "state").stages())  # type: ignore[arg-type]


def results(stages: list[Stage]) -> dict[str, str]:
    return {stage.name: stage.result for stage in stages}


def test_every_stage_is_played_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Played()
    stages = played(tmp_path, monkeypatch, engine)
    assert engine.asked == ["preview", "up", "again", "destroy"]
    assert set(results(stages).values()) == {"ok"}


def test_a_second_deployment_that_changes_something_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = "logs (aws:s3/bucket:Bucket): update tags"
    stages = played(tmp_path, monkeypatch, Played(again=Happened(counts={"update": 1}, changes=[change])))
    assert {stage.name: stage.failures for stage in stages}["again"] == [change]
    assert results(stages)["destroy"] == "ok"


def test_a_deployment_that_fails_is_taken_away_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = played(tmp_path, monkeypatch, Played(up=Happened(errors=["it: no"])))
    left_out = dict.fromkeys(("again", "contract", "secrets"), "left out")
    assert results(stages) == {"preview": "ok", "up": "FAILED", **left_out, "destroy": "ok"}


def test_what_cannot_be_previewed_is_not_deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Played(preview=Happened(errors=["it: no"]))
    stages = played(tmp_path, monkeypatch, engine)
    assert engine.asked == ["preview"]
    assert results(stages)["destroy"] == "left out"


def test_a_broken_contract_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = played(tmp_path, monkeypatch, Played(), wrong=("data runs as root",))
    assert results(stages)["contract"] == "FAILED"


def test_a_service_that_does_not_answer_is_a_failure_and_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_: object) -> dict[str, str]:
        raise EndpointConnectionError(endpoint_url=ENDPOINT)

    engine = Played()
    stages = played(tmp_path, monkeypatch, engine, secrets_of=unreachable)
    assert results(stages)["secrets"] == "FAILED"
    assert engine.asked[-1] == "destroy"


def test_the_table_has_a_line_for_each_stage_and_what_failed_below_it() -> None:
    failed = Stage("again", "1 update", 3.14, [f"thing {number}" for number in range(30)])
    lines = table([Stage("preview", "206 create", 22.71), failed, Stage("secrets", left_out=True)]).splitlines()
    assert lines[0].split() == ["stage", "result", "what", "seconds"]
    assert lines[1].split() == ["preview", "ok", "206", "create", "22.7"]
    assert lines[2].split() == ["again", "FAILED", "1", "update", "3.1"]
    assert lines[3] == "    thing 0"
    assert lines[-2] == "    and 5 more"
    assert lines[-1].split() == ["secrets", "left", "out"]


def test_the_document_is_good_only_if_every_stage_is() -> None:
    good = document("dev", [Stage("preview", "1 create", 1.0)], ["a note"])
    assert (good["ok"], good["stages"][0]["result"], good["notes"]) == (True, "ok", ["a note"])
    assert not document("dev", [Stage("preview"), Stage("up", left_out=True)], [])["ok"]
