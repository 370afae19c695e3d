"""The stack as data: the very `__main__.py` under Pulumi's mocks, drained, as plain dictionaries.

`stack("dev")` is the whole entrance; a stack is built once for each configuration in a process. Assert on what it
returns, never inside an `apply`: an assertion there passes silently when its output is unknown.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import importlib
import json
import pickle
import runpy
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks, rpc
from pulumi.runtime.settings import configure
from pulumi.runtime.stack import run_in_stack

from services import catalog
from tests.support.stack_outputs import answer, computed

with warnings.catch_warnings():
    # The SDK's own modules warn of each other while they are imported; what the program uses may still warn.
    warnings.simplefilter("ignore", DeprecationWarning)
    vars(importlib.import_module("pulumi_aws.ec2.encryption_control"))

ROOT = Path(__file__).resolve().parents[2]
LOCAL = {
    "host": "127.0.0.1",
    "ports": {service.name: 41001 + number for number, service in enumerate(catalog.SERVICES)},
    "cognito_url": "http://127.0.0.1:9229",
}
"""What the embedded run supplies as `sri:local`."""


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


def stack(tier: str, /, **config: Any) -> Stack:
    """The stack named `tier`, with Pulumi.<tier>.yaml and `config` (keys of `sri:`; None takes one away) over it.

    Raises what the program raises, such as ConfigError; `attempted` also gives what was registered before.
    """
    built, error = attempted(tier, **config)
    if error is not None:
        raise error
    return built


def attempted(tier: str, /, **config: Any) -> tuple[Stack, BaseException | None]:
    """As `stack`, but the error comes beside what was registered before it."""
    return _build(tier, json.dumps(config, sort_keys=True))


@functools.cache
def _build(tier: str, config: str) -> tuple[Stack, BaseException | None]:
    return build(tier, settings_of(tier, json.loads(config)))


def build(name: str, settings: Mapping[str, str]) -> tuple[Stack, BaseException | None]:
    """Run the program as the stack `name` with the whole configuration `settings`, uncached."""
    # A thread of its own has none of this one's event loop, nor of Pulumi's settings, which are context variables.
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(_run, name, dict(settings)).result()


def settings_of(tier: str, config: Mapping[str, Any]) -> dict[str, str]:
    """The whole configuration of the stack named `tier`, as the engine hands it over: every value a text."""
    file = ROOT / f"Pulumi.{tier}.yaml"
    settings: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]
    if tier == "local":
        settings["sri:local"] = LOCAL
    settings |= {key if ":" in key else f"sri:{key}": value for key, value in config.items()}
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in settings.items()
        if value is not None
    }


def _run(name: str, settings: dict[str, str]) -> tuple[Stack, BaseException | None]:
    pulumi.runtime.set_all_config(settings, [])
    monitor = _Monitor()
    settings_of_run: dict[str, Any] = {
        "monitor": monitor,
        "monitor_features": set(monitor.GetDeploymentInfo(None).supportedFeatures),  # type: ignore[no-untyped-call]
        "engine": mocks.MockEngine(None),
        "project": "sri",
        "stack": name,
        "organization": "organization",
        "dry_run": False,
        "callbacks": None,
    }
    configure(mocks.MockSettings(**settings_of_run))  # type: ignore[no-untyped-call]
    error: BaseException | None = None
    with _event_loop() as loop:
        try:
            loop.run_until_complete(run_in_stack(_program))
        except Exception as raised:  # handed to the caller, with what was registered before
            error = raised
    return monitor.recorded, error


@contextmanager
def _event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop whose worker threads have loops of their own, as Pulumi wants them, that are all closed in the end."""
    loops: list[asyncio.AbstractEventLoop] = []

    def make() -> None:
        loops.append(asyncio.new_event_loop())
        asyncio.set_event_loop(loops[-1])

    make()
    with ThreadPoolExecutor(initializer=make) as executor:
        loops[0].set_default_executor(executor)
        yield loops[0]
    asyncio.set_event_loop(None)
    for loop in loops:
        loop.close()


def _program() -> None:
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")


class _Monitor(mocks.MockMonitor):
    """Records each registration whole, options included, and answers with plausible outputs."""

    def __init__(self) -> None:
        self.recorded = Stack()
        super().__init__(_Mocks(self.recorded))
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
    def __init__(self, recorded: Stack) -> None:
        self.recorded = recorded

    def call(self, args: mocks.MockCallArgs) -> Any:
        self.recorded.calls.append((args.token, plain(args.args)))
        return answer(args.token, args.args)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = plain(args.inputs)
        if not args.custom:
            return "", inputs
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
