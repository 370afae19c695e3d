"""What operators see of a request: one trace across services, and metrics of what stands behind the gateway."""

from __future__ import annotations

import logging
import re

import httpx
import pytest

from services.shared.tracing import trace_of
from tests.services.gateway.conftest import Platform
from tests.support.applications import problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRACE = "0af7651916cd43dd8448eb211c80319c"
GIVEN = f"00-{TRACE}-b7ad6b7169203331-01"


async def test_a_trace_goes_on_behind_the_gateway_as_its_child(platform: Platform) -> None:
    await platform.client.get("/api/v1/products", headers={"traceparent": GIVEN, "tracestate": "vendor=1"})
    (parent,) = platform.data.seen[0].header("traceparent")
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", parent)
    assert parent != GIVEN
    assert platform.data.seen[0].header("tracestate") == ["vendor=1"]


@pytest.mark.parametrize("given", ["", "00-x", GIVEN.replace("00-", "ff-", 1), f"{GIVEN}-more"])
async def test_a_request_without_a_trace_begins_one(platform: Platform, given: str) -> None:
    await platform.client.get("/api/v1/products", headers={"traceparent": given, "tracestate": "vendor=1"})
    (parent,) = platform.data.seen[0].header("traceparent")
    assert trace_of(parent.encode(), None).parent_id
    assert TRACE not in parent
    assert platform.data.seen[0].header("tracestate") == []


async def test_lines_of_the_services_join_by_trace_and_by_request(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "services.request")
    answer = await platform.client.get("/api/v1/products")
    (parent,) = platform.data.seen[0].header("traceparent")
    assert platform.data.seen[0].header("x-request-id") == [answer.headers["x-request-id"]]
    assert answer.headers["x-request-id"] == parent.split("-")[1]
    assert len([record for record in caplog.records if record.getMessage() == "request"]) == 2


async def test_metrics_tell_of_each_service_behind_the_gateway(platform: Platform) -> None:
    await platform.client.get("/api/v1/products")
    problem(await platform.client.get("/api/v1/nothing"), 404, "not_found")
    async with httpx.AsyncClient(base_url=platform.url) as client:
        metrics = (await client.get("/metrics")).text
    for line in (
        r'http_request_duration_seconds_count\{method="GET",route="/api/v1/products/\*",status="200"\} \d+\.0',
        r'http_request_duration_seconds_count\{method="GET",route="unmatched",status="404"\} \d+\.0',
        r'upstream_requests_total\{outcome="answered",upstream="data"\} \d+\.0',
        r'upstream_request_duration_seconds_count\{upstream="data"\} \d+\.0',
        r'upstream_request_duration_seconds_bucket\{le="\+Inf",upstream="data"\} \d+\.0',
        r'upstream_retries_total\{upstream="data"\} 0\.0',
        r'upstream_breaker_open\{upstream="data"\} 0\.0',
        r'upstream_connections\{state="idle",upstream="data"\} 1\.0',
        r'upstream_waiting\{upstream="identity"\} 0\.0',
        r'rate_limited_total\{limit="user"\} 0\.0',
        r'rate_limit_keys\{limit="address"\} 1\.0',
    ):
        assert re.search(f"^{line}$", metrics, re.MULTILINE), line


async def test_what_is_refused_before_it_is_a_request_is_counted_too(platform: Platform) -> None:
    await platform.raw(b"nonsense\r\n\r\n")
    async with httpx.AsyncClient(base_url=platform.url) as client:
        metrics = (await client.get("/metrics")).text
    assert re.search(r'^http_requests_refused_unread_total\{code="malformed_request"\} [1-9]', metrics, re.MULTILINE)
