"""The engine itself, on a program of a few lines and with its state in a folder: needs the Pulumi CLI, and no cloud."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from scripts.delivery.engine import Engine, UpdateError
from scripts.delivery.progress import Progress
from scripts.delivery.verdicts import DeliveryError, Verdict

pytestmark = [
    pytest.mark.pulumi,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="needs the Pulumi CLI"),
]

PROGRAM = """
import json, pathlib, time
import pulumi
from pulumi import dynamic

class Provider(dynamic.ResourceProvider):
    def create(self, props):
        return dynamic.CreateResult(id_="one", outs=self._done(props))
    def update(self, _id, _olds, news):
        return dynamic.UpdateResult(outs=self._done(news))
    def diff(self, _id, olds, news):
        return dynamic.DiffResult(changes=olds["text"] != news["text"])
    def _done(self, props):
        if props["text"] == "bad":
            raise Exception("ThrottlingException: Rate exceeded")
        if props["text"] == "slow":
            time.sleep(4)
        return {"text": props["text"]}

class Thing(dynamic.Resource):
    def __init__(self, name, text):
        super().__init__(Provider(), name, {"text": text})

config = pulumi.Config("sri")
if config.get("broken"):
    raise ValueError("1 problem in the stack's configuration: sri:broken")
Thing("thing", config.get("text") or "first")
pulumi.export("digests", config.get_object("image_digests"))
"""
"""One resource that fails, or takes its time, when it is told to."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "sri", "runtime": runtime}))
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "state").mkdir()
    return folder


@pytest.fixture(autouse=True)
def environment(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """State, plug-ins and settings in the project's folder, and a stack to begin with."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{project / 'state'}")
    monkeypatch.setenv("PULUMI_HOME", str(project / "home"))
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "test")
    monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "true")
    pulumi(project, "stack", "select", "--create", "dev")


def pulumi(project: Path, *arguments: str) -> str:
    command = ["pulumi", *arguments, "--non-interactive"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=True, timeout=60).stdout


def engine(
    project: Path, stack: str = "dev", *, text: str | None = None, digests: dict[str, str] | None = None
) -> Engine:
    if text is not None:
        pulumi(project, "config", "set", "--stack", stack, "sri:text", text)
    return Engine(stack, lambda _line: None, folder=project, digests=digests)


def test_previews_updates_and_finds_no_drift(project: Path) -> None:
    ours = engine(project, text="second")
    assert ours.preview().counts() == {"create": 1}
    done = ours.update()
    assert [step.name for step in done.changing] == ["thing"]
    assert ours.preview().counts() == {"same": 1}
    assert ours.drift().changing == []


def test_digests_go_before_the_stacks_file_and_leave_it_as_it_is(project: Path) -> None:
    ours = engine(project, text="third", digests={"data": "sha256:1"})
    before = (project / "Pulumi.dev.yaml").read_text()
    ours.update()
    assert (project / "Pulumi.dev.yaml").read_text() == before
    assert json.loads(pulumi(project, "stack", "output", "--json")) == {"digests": {"data": "sha256:1"}}


def test_what_takes_long_is_named_meanwhile(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.delivery.engine.Progress", lambda say: Progress(say, every_s=1.5))
    said: list[str] = []
    pulumi(project, "config", "set", "sri:text", "slow")
    Engine("dev", said.append, folder=project).update()
    assert any(line.startswith("  still at ") and " thing (" in line for line in said)


def test_a_stack_that_is_not_there_is_named_with_the_way_to_make_it(project: Path) -> None:
    with pytest.raises(DeliveryError, match="There is no stack other: `pulumi stack init other`") as caught:
        engine(project, "other")
    assert caught.value.verdict is Verdict.NOT_READY


def test_an_error_of_the_cloud_is_told_with_its_verdict(project: Path) -> None:
    with pytest.raises(UpdateError, match="Rate exceeded") as caught:
        engine(project, text="bad").update()
    assert caught.value.verdict is Verdict.THROTTLED
    assert [step.name for step in caught.value.changes.failed] == ["thing"]


def test_a_configuration_that_the_program_refuses_is_no_failed_deployment(project: Path) -> None:
    pulumi(project, "config", "set", "sri:broken", "yes")
    try:
        with pytest.raises(UpdateError, match="sri:broken") as caught:
            engine(project).preview()
    finally:
        pulumi(project, "config", "rm", "sri:broken")
    assert caught.value.verdict is Verdict.NOT_READY


def test_a_locked_stack_says_who_holds_it_and_how_to_free_it(project: Path) -> None:
    locks = project / "state/.pulumi/locks/organization/sri/dev"
    locks.mkdir(parents=True, exist_ok=True)
    holder = {"pid": 4242, "username": "runner", "hostname": "build-7", "timestamp": "2026-01-01T00:00:00Z"}
    lock = locks / "0a9d2f5e-8a0e-4f0c-9a51-111111111111.json"
    lock.write_text(json.dumps(holder))
    try:
        with pytest.raises(
            UpdateError, match=r"runner@build-7 \(pid 4242\).*`pulumi cancel --stack dev` frees it"
        ) as caught:
            engine(project, text="fourth").update()
    finally:
        lock.unlink()
    assert caught.value.verdict is Verdict.LOCKED


def test_an_update_that_is_stopped_ends_what_it_has_begun_and_leaves_no_lock(project: Path) -> None:
    ours = engine(project, text="slow")

    def stop() -> None:
        while not list(project.glob("state/.pulumi/locks/organization/sri/dev/*.json")):
            time.sleep(0.05)
        time.sleep(2)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop, daemon=True).start()
    with pytest.raises(UpdateError, match="Running it again goes on from here") as caught:
        ours.update()
    assert caught.value.verdict is Verdict.INTERRUPTED
    assert not list(project.glob("state/.pulumi/locks/organization/sri/dev/*.json"))
    engine(project, text="fifth").update()


def test_without_the_passphrase_one_is_told_what_is_missing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")
    with pytest.raises(DeliveryError, match="set PULUMI_CONFIG_PASSPHRASE") as caught:
        engine(project).update()
    assert caught.value.verdict is Verdict.NOT_READY
