"""The command scripts/deploy.py over an engine and an AWS that the test plays."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from scripts import deploy
from scripts.delivery.console import Console
from scripts.delivery.deployment import Delivery
from scripts.delivery.steps import Changes
from services import catalog
from tests.support.ecs import CLUSTER, Clock, Conversation, deployment, service, target
from tests.support.engine_events import changes, step

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


def played(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """For a fixture: the command with nobody in front of it."""
    engine = FakeEngine()
    monkeypatch.setattr(deploy, "Engine", engine)
    monkeypatch.setattr(Console, "attended", staticmethod(lambda: False))
    with Conversation() as aws:
        changed = {"clients": lambda _region: aws.clients, "patience": Clock().patience()}
        monkeypatch.setattr(deploy, "Delivery", lambda **given: Delivery(**{**given, **changed}))
        yield Command(engine, aws, capsys, monkeypatch)


def deployed(command: Command) -> None:
    command.aws.services(service(deployment(7, "COMPLETED", running=2)))
