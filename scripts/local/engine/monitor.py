"""The engine's side of Pulumi's protocol: the program registers its resources here."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2

from scripts.local.engine import dynamic, rows_deployed_pool
from scripts.local.engine.cloud import ApiError, Cloud
from scripts.local.engine.data_sources import DATA_SOURCES
from scripts.local.engine.errors import ResourceError
from scripts.local.engine.facts import LocalFacts
from scripts.local.engine.rows import Creation, Row, make, parameters_for, takes_tags
from scripts.local.engine.tables import ROWS
from scripts.local.engine.values import has_secret, plain, secret, unwrapped
from scripts.local.errors import LocalRunError

T = TypeVar("T")

STACK = "pulumi:pulumi:Stack"
PROVIDER = "pulumi:providers:"


@dataclass
class Report:
    """What came of a run.

    `exported` are the names of all outputs, those without a value included. `problems` are types and inputs without a
    row, `failures` resources that were refused, `bugs` errors of the engine itself.
    """

    outputs: dict[str, Any] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    secret_outputs: frozenset[str] = frozenset()
    made: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    bugs: list[Exception] = field(default_factory=list)


class Monitor(mocks.MockMonitor):
    """Makes each resource as the program registers it.

    Pulumi calls from several threads at once, but each resource only after everything that it depends on. After
    the first problem nothing more is made: the rest of the program is only looked through, so that the report
    names every problem at once.
    """

    def __init__(
        self, cloud: Cloud, facts: LocalFacts, default_tags: Mapping[str, str], progress: Callable[[str, str], None]
    ) -> None:
        super().__init__(mocks=_Unused())
        self.report = Report()
        self._cloud, self._facts, self._progress = cloud, facts, progress
        self._default_tags = default_tags
        self._lock = threading.Lock()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        """Make one resource and answer with its outputs."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        with own_event_loop() as loop:
            inputs = rpc.deserialize_properties(request.object)
            if request.type.startswith(PROVIDER):
                self._problem(f'{request.type} "{request.name}": only the default provider is known')
            if request.custom and not request.type.startswith(PROVIDER):
                identity, state = self._resource(request, inputs)
            else:
                identity, state = request.name if request.custom else "", inputs
            properties = loop.run_until_complete(rpc.serialize_properties(state, {}))
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=properties)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        """Take note of the stack's outputs."""
        if f"::{STACK}::" in request.urn:
            with own_event_loop():
                outputs = rpc.deserialize_properties(request.outputs)
            self.report.outputs = plain(outputs)
            self.report.secret_outputs = frozenset(name for name, value in outputs.items() if has_secret(value))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        """Answer a data source (aws.get_region and its kin)."""
        with own_event_loop() as loop:
            arguments = plain(rpc.deserialize_properties(request.args))
            source = DATA_SOURCES.get(request.tok)
            answer: dict[str, Any] = {}
            if source:
                answer = self._refusable(request.tok, lambda: source(self._cloud, arguments))
            else:
                self._problem(f"{request.tok}: no such function (data_sources.py)")
            properties = loop.run_until_complete(rpc.serialize_properties(answer, {}))
        return resource_pb2.ResourceInvokeResponse(**{"return": properties})

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """`Resource.get(...)`: a problem, for the emulator starts empty."""
        self._problem(f'{request.type} "{request.name}": it is read (.get), and the emulator starts empty')
        return resource_pb2.ReadResourceResponse(urn=self.make_urn(request.parent, request.type, request.name))

    def _resource(self, request: Any, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        secrets = {name for name, value in inputs.items() if has_secret(value)} | set(request.additionalSecretOutputs)
        what = f'{request.type} "{request.name}"'
        if dynamic.handles(request.type):
            identity, outputs = self._dynamic(what, request.type, unwrapped(inputs))
        else:
            creation = Creation(self._cloud, self._facts, request.type, request.name, plain(inputs))
            self._create(what, creation)
            identity, outputs = creation.id or request.name, creation.outputs or creation.given
        with self._lock:
            self.report.made.append((request.type, request.name))
            self._progress(request.type, request.name)
        return identity, {name: secret(value) if name in secrets else value for name, value in outputs.items()}

    def _dynamic(self, what: str, kind: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if self.report.problems:
            return what, inputs
        return self._refusable(what, lambda: dynamic.make(kind, inputs, self._cloud, self._facts))

    def _create(self, what: str, creation: Creation) -> None:
        row = self._row(creation.type)
        if row is None:
            self._problem(f"{what}: no row for this type")
            return
        if self._default_tags and takes_tags(row, creation.cloud):
            creation.inputs["tags"] = {**self._default_tags, **(creation.inputs.get("tags") or {})}
        for name in self._refusable(what, lambda: parameters_for(row, creation)):
            self._problem(f"{what}: no place for its input {name}")
        if not self.report.problems:
            self._refusable(what, lambda: make(row, creation))

    def _row(self, kind: str) -> Row | None:
        if self._facts.pool and kind.startswith("aws:cognito/"):
            return rows_deployed_pool.ROWS.get(kind)
        return ROWS.get(kind)

    def _refusable(self, what: str, action: Callable[[], T]) -> T:
        try:
            return action()
        except (ApiError, LocalRunError) as error:
            message = f"{what}: {error}"
            with self._lock:
                self.report.failures.append(message)
            raise ResourceError(message) from error
        except Exception as error:  # a row's own mistake: without the resource's name nobody finds it
            error.add_note(f"while making {what}\n{traceback.format_exc()}")
            with self._lock:
                self.report.bugs.append(error)
            raise

    def _problem(self, problem: str) -> None:
        with self._lock:
            self.report.problems.append(problem)


class _Unused(mocks.Mocks):
    """MockMonitor wants one; this monitor answers by itself."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise NotImplementedError(args.token)

    def new_resource(self, args: mocks.MockResourceArgs) -> Any:
        raise NotImplementedError(args.typ)


@contextmanager
def own_event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop for this thread: Pulumi's (de)serialisers want one, and its pool threads have none."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()
