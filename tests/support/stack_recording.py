"""Pulumi's engine as seen by a program under mocks: every registration is recorded whole, with its options."""

from __future__ import annotations

import base64
import json
import pickle
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime import mocks, rpc

from tests.support.stack_outputs import answer, computed


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One registration, as the engine would see it, with secrets unwrapped and `secret_inputs` naming them."""

    type: str
    name: str
    inputs: dict[str, Any]
    secret_inputs: tuple[str, ...]
    custom: bool
    parent: str
    depends_on: tuple[str, ...]
    protect: bool
    ignore_changes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ContainerDefinition:
    """One container of one task definition; `kind` is serve or migrate, `secrets` variable -> valueFrom."""

    service: str
    kind: str
    environment: dict[str, str]
    secrets: dict[str, str]
    definition: dict[str, Any]


@dataclass(kw_only=True)
class Stack:
    """What one run of the program registered, exported and asked."""

    resources: list[Recorded] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    secret_outputs: tuple[str, ...] = ()
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def of_type(self, kind: str) -> list[Recorded]:
        """The resources whose type token ends with `kind`, such as "ecs/service:Service"."""
        return [resource for resource in self.resources if resource.type.endswith(kind)]

    def one(self, kind: str, name: str) -> Recorded:
        """The only resource of `kind` with the logical name `name`."""
        (found,) = [resource for resource in self.of_type(kind) if resource.name == name]
        return found

    def containers(self) -> Iterator[ContainerDefinition]:
        """Every container of every task definition."""
        for task in self.of_type("ecs/taskDefinition:TaskDefinition"):
            for definition in json.loads(task.inputs["containerDefinitions"]):
                _python, _m, module, kind, *_options = definition["command"]
                yield ContainerDefinition(
                    service=module.rpartition(".")[2],
                    kind=kind,
                    environment={entry["name"]: entry["value"] for entry in definition["environment"]},
                    secrets={entry["name"]: entry["valueFrom"] for entry in definition["secrets"]},
                    definition=definition,
                )


class RecordingMonitor(mocks.MockMonitor):
    """Records each registration whole, options included, and answers with plausible outputs."""

    def __init__(self, *, preview: bool = False) -> None:
        self.recorded = Stack()
        super().__init__(_Mocks(self.recorded, preview))
        self._lock = threading.Lock()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            inputs = rpc.deserialize_properties(request.object)
            recorded = Recorded(
                type=request.type,
                name=request.name,
                inputs=plain(inputs),
                secret_inputs=tuple(name for name, value in inputs.items() if _holds_secret(value)),
                custom=request.custom,
                parent=request.parent,
                depends_on=tuple(request.dependencies),
                protect=request.protect,
                ignore_changes=tuple(request.ignoreChanges),
            )
            with self._lock:
                self.recorded.resources.append(recorded)
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        if "pulumi:pulumi:Stack::" in request.urn:
            outputs = rpc.deserialize_properties(request.outputs)
            self.recorded.outputs = plain(outputs)
            self.recorded.secret_outputs = tuple(name for name, value in outputs.items() if _holds_secret(value))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


class _Mocks(mocks.Mocks):
    def __init__(self, recorded: Stack, preview: bool) -> None:
        self.recorded = recorded
        self.preview = preview

    def call(self, args: mocks.MockCallArgs) -> Any:
        self.recorded.calls.append((args.token, plain(args.args)))
        return answer(args.token, args.args)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = plain(args.inputs)
        if not args.custom:
            return "", inputs
        if self.preview:
            return None, inputs
        return f"{args.name}-id", computed(args.typ, args.name, inputs)


def provider_of(resource: Recorded) -> Any:
    """A dynamic resource's provider, made from its serialised copy, as the engine does in a process of its own."""
    return pickle.loads(base64.b64decode(resource.inputs["__provider"]))  # noqa: S301  (made by this very run)


def plain(value: Any) -> Any:
    """`value` without the wrapping of secrets, and with whole numbers as int (protobuf knows only doubles)."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _holds_secret(value: Any) -> bool:
    if rpc.is_rpc_secret(value):
        return True
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_holds_secret(member) for member in members)
