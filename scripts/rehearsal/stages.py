"""The stages of a rehearsal, in order, and what each must show."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from scripts.rehearsal import contract
from scripts.rehearsal.account import protection_off
from scripts.rehearsal.contract import Deployed
from scripts.rehearsal.engine import Engine, Happened, StateError, counted
from scripts.rehearsal.private_copy import PrivateCopy, made_up_digests
from scripts.rehearsal.report import Stage
from scripts.rehearsal.state_scan import count_secrets, find_secrets, name_of

NAMES = ("preview", "up", "again", "contract", "secrets", "destroy")


class Rehearsal:
    """One stack's; `notes` is what had to be helped along. `backend` is where its state is."""

    def __init__(self, copy: PrivateCopy, engine: Engine, endpoint: str, backend: Path) -> None:
        self._copy, self._engine, self._endpoint, self._backend = copy, engine, endpoint, backend
        self.notes: list[str] = []

    def stages(self) -> Iterator[Stage]:
        """Each stage as it ends. What could not be deployed is not asked about, but taken away."""
        preview = self._stage("preview", self._preview)
        yield preview
        deployed = Stage("up", left_out=True) if preview.failures else self._stage("up", self._up)
        yield deployed
        for name, run in (("again", self._again), ("contract", self._contract), ("secrets", self._secrets)):
            yield Stage(name, left_out=True) if deployed.result != "ok" else self._stage(name, run)
        yield Stage("destroy", left_out=True) if deployed.left_out else self._stage("destroy", self._destroy)

    def _stage(self, name: str, run: Callable[[Stage], None]) -> Stage:
        stage, began = Stage(name), time.monotonic()
        try:
            run(stage)
        except (BotoCoreError, ClientError, StateError) as error:
            stage.failures.append(" ".join(str(error).split()))
        stage.seconds = time.monotonic() - began
        return stage

    def _preview(self, stage: Stage) -> None:
        self._take(stage, self._engine.preview())

    def _up(self, stage: Stage) -> None:
        self._take(stage, self._engine.up())

    def _again(self, stage: Stage) -> None:
        """A second deployment of the same must find nothing to do."""
        happened = self._engine.up()
        self._take(stage, happened)
        stage.failures += happened.changes

    def _contract(self, stage: Stage) -> None:
        stage.failures = contract.broken(self._deployed())
        stage.did = f"{len(contract.CHECKS)} checks"

    def _secrets(self, stage: Stage) -> None:
        state = self._engine.export()
        known = contract.secrets_of(self._deployed()) | {f"configuration {k}": v for k, v in self._copy.secrets.items()}
        stage.failures = find_secrets(state, known, self._backend)
        resources = len(state["deployment"]["resources"])
        stage.did = f"{resources} resources, {count_secrets(state)} marked secret, {len(known)} known"

    def _destroy(self, stage: Stage) -> None:
        resources = self._engine.export()["deployment"].get("resources") or []
        protected = [name_of(resource) for resource in resources if resource.get("protect")]
        let_go = sorted({*protected, *protection_off(resources, self._copy.region, self._endpoint)})
        if let_go:
            self.notes.append(f"Protected from deletion, and let go of to go on: {', '.join(let_go)}.")
        self._take(stage, self._engine.destroy())
        if not stage.failures:
            stage.failures = contract.left_over(Deployed({"region": self._copy.region}, {}, self._endpoint))

    def _deployed(self) -> Deployed:
        return Deployed(self._engine.outputs(), made_up_digests(), self._endpoint)

    def _take(self, stage: Stage, happened: Happened) -> None:
        stage.did, stage.failures = counted(happened.counts), list(dict.fromkeys(happened.errors))
