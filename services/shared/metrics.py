"""Prometheus metrics of one service: the process, and its requests by method, route and status."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from starlette.types import Receive, Scope, Send

from services.shared.protocol import REFUSALS

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """An ASGI application that answers with what was counted, in Prometheus' text format."""

    def __init__(self, in_flight: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        Gauge("http_requests_in_flight", "Requests being answered now.", registry=self.registry).set_function(in_flight)
        self.registry.register(_Refusals())
        self._durations = Histogram(
            "http_request_duration_seconds",
            "From the request's arrival to its answer's end.",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._of: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one answered request. Labels come from sets of ours alone, so a client cannot make new ones."""
        labels = (scope["method"] if scope["method"] in METHODS else "other", route_of(scope), status)
        counted = self._of.get(labels)
        if counted is None:
            counted = self._of[labels] = self._durations.labels(*labels)
        counted.observe(seconds)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer GET /metrics."""
        body = generate_latest(self.registry)
        headers = [(b"content-type", CONTENT_TYPE_LATEST.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def route_of(scope: Scope) -> str:
    """The template that matched, such as /api/v1/products/{product_id}: the app's own word, else the router's."""
    route = scope["state"].get("route") or getattr(scope.get("route"), "path", None)
    return route if isinstance(route, str) else "unmatched"


class _Refusals(Collector):
    """What the server refused before it was a request, and so before it was counted as one."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(
            "http_requests_refused_unread", "Requests refused while they were still arriving.", labels=["code"]
        )
        for code, count in REFUSALS.items():
            family.add_metric([code], count)
        yield family
