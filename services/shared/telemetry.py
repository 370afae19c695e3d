"""Spans for whoever collects them: exported over OTLP (HTTP) when OTEL_EXPORTER_OTLP_ENDPOINT says where to.

Each answered request becomes one server span. The OpenTelemetry packages are loaded only then; they read the other
OTEL_* variables themselves (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext
    from starlette.types import Scope

    from services.shared.tracing import Trace

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Exporter(Protocol):
    """Takes answered requests."""

    def samples(self, trace: Trace) -> bool:
        """Whether a trace that begins here is recorded; one that came sampled always is."""

    def record(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        """Export a request that has just been answered, in the background."""

    def close(self) -> None:
        """Export what is left, for some seconds at most."""


def exporter(service: str) -> Exporter | None:
    """The exporter of this process; None when nobody collects."""
    return OpenTelemetryExporter(service) if os.environ.get(ENDPOINT) else None


class OpenTelemetryExporter:
    """Batches spans in a thread of the SDK's; when the collector is away they are dropped, and requests go on."""

    def __init__(self, service: str) -> None:
        from opentelemetry import trace  # noqa: PLC0415 (only for who asks)
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import ReadableSpan, TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import Decision  # noqa: PLC0415

        self._api, self._span = trace, ReadableSpan
        self._resource = Resource.create({"service.name": service})
        self._sampled = Decision.RECORD_AND_SAMPLE
        self._sampler = TracerProvider(resource=self._resource).sampler
        self._processor = BatchSpanProcessor(OTLPSpanExporter())

    def samples(self, trace: Trace) -> bool:
        """By OTEL_TRACES_SAMPLER; all of them unless it says otherwise."""
        decision = self._sampler.should_sample(None, int(trace.trace_id, 16), "request").decision
        return decision is self._sampled

    def record(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        """One server span, named and described by the semantic conventions for HTTP."""
        trace: Trace = scope["state"]["trace"]
        if not trace.sampled:
            return
        method = scope["method"]
        ended = time.time_ns()
        error = self._api.StatusCode.ERROR if status >= 500 else self._api.StatusCode.UNSET
        self._processor.on_end(
            self._span(
                name=f"{method} {route}",
                context=self._context(trace, trace.span_id),
                parent=self._context(trace, trace.parent_id) if trace.parent_id else None,
                resource=self._resource,
                attributes={
                    "http.request.method": method,
                    "http.response.status_code": status,
                    "http.route": route,
                    "url.path": scope["path"][:200],
                    "client.address": scope["state"]["client"],
                    "request.id": scope["state"]["request_id"],
                },
                kind=self._api.SpanKind.SERVER,
                status=self._api.Status(error),
                start_time=ended - int(seconds * 1e9),
                end_time=ended,
            )
        )

    def close(self) -> None:
        """The SDK waits for the collector as long as it was told to, and no longer than the shutdown allows."""
        self._processor.shutdown()  # type: ignore[no-untyped-call]  # the SDK's gap

    def _context(self, trace: Trace, span_id: str) -> SpanContext:
        return self._api.SpanContext(
            int(trace.trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=self._api.TraceFlags(1)
        )
