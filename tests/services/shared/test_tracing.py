"""Traces: taken over from who asks, begun where nobody did, told in logs, and exported to a collector."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from scripts.local.processes import free_ports
from services.shared.tracing import current_trace, outgoing_headers, trace_of

ROOT = Path(__file__).resolve().parents[3]
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GIVEN = f"00-{TRACE}-{PARENT}-01"


def test_a_given_trace_goes_on_with_a_span_of_our_own() -> None:
    trace = trace_of(GIVEN.encode(), b"vendor=1")
    assert (trace.trace_id, trace.parent_id, trace.sampled) == (TRACE, PARENT, True)
    assert trace.span_id != PARENT
    assert trace.headers() == [
        (b"traceparent", f"00-{TRACE}-{trace.span_id}-01".encode()),
        (b"tracestate", b"vendor=1"),
    ]


@pytest.mark.parametrize(
    "given",
    [
        "", "00", GIVEN.upper(), GIVEN + "-more", GIVEN[:-1], "ff" + GIVEN[2:], GIVEN.replace(TRACE, "0" * 32),
        GIVEN.replace(PARENT, "0" * 16), GIVEN + "\n", "0" + GIVEN,
    ],
)  # fmt: skip
def test_what_is_no_trace_begins_a_new_one(given: str) -> None:
    trace = trace_of(given.encode(), b"vendor=1")
    assert trace.trace_id != TRACE
    assert (len(trace.trace_id), len(trace.span_id), trace.parent_id, trace.state) == (32, 16, "", b"")


def test_a_later_version_of_the_format_is_understood_as_far_as_it_goes() -> None:
    assert trace_of(f"01-{TRACE}-{PARENT}-00-more".encode(), None).trace_id == TRACE


def test_traces_that_begin_here_differ() -> None:
    assert len({trace_of(None, None).trace_id for _ in range(1000)}) == 1000


def test_requests_on_behalf_of_another_carry_its_trace() -> None:
    assert outgoing_headers() == {}
    token = current_trace.set(trace_of(GIVEN.encode(), None))
    assert outgoing_headers()["traceparent"].startswith(f"00-{TRACE}-")
    current_trace.reset(token)


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Where spans are sent to, and what has come."""
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()
        thread.join()


async def served_requests(endpoint: str, *headers: dict[str, str]) -> list[dict[str, object]]:
    """What the example service logs when it is asked with these headers, and then told to stop."""
    port = free_ports(1)[0]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.services.shared.served_example",
        str(port),
        cwd=ROOT,
        stdout=PIPE,
        env={"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"},
    )
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=8)) as client:
        for fields in headers:
            await client.get(f"http://127.0.0.1:{port}/asked", headers=fields)
    process.terminate()
    written, _ = await process.communicate()
    assert process.returncode == 0
    return [line for line in map(json.loads, written.splitlines()) if line["message"] == "request"]


async def test_every_answered_request_is_a_span_that_its_log_line_names() -> None:
    with collector() as (endpoint, received):
        lines = await served_requests(endpoint, {"traceparent": GIVEN, "x-request-id": "find-me"}, {})
    spans: list[Span] = []
    for batch in received:
        for resource in ExportTraceServiceRequest.FromString(batch).resource_spans:
            spans += [span for scope in resource.scope_spans for span in scope.spans]
    assert [(span.trace_id.hex(), span.span_id.hex()) for span in spans] == [
        (line["trace_id"], line["span_id"]) for line in lines
    ]
    first, second = spans
    assert (first.trace_id.hex(), first.parent_span_id.hex(), second.parent_span_id) == (TRACE, PARENT, b"")
    assert first.end_time_unix_nano >= first.start_time_unix_nano
    attributes = {item.key: item.value.string_value for item in first.attributes}
    assert (attributes["request.id"], attributes["url.path"]) == ("find-me", "/asked")


async def test_a_collector_that_is_away_harms_nobody() -> None:
    assert len(await served_requests("http://127.0.0.1:9", {}, {})) == 2


async def test_a_request_that_came_unsampled_is_no_span() -> None:
    with collector() as (endpoint, received):
        await served_requests(endpoint, {"traceparent": GIVEN[:-2] + "00"})
    assert received == []
