"""Prometheus metrics of one service: the process, and its requests by method, route and status."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import Receive, Scope, Send

from services.shared.refusals import REFUSALS

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BOUNDS = (*(str(bound) for bound in BUCKETS), "+Inf")


class Durations:
    """How long things took, in plain numbers: to add one costs next to nothing, no lock and no look-up of labels."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._counts = [0] * len(_BOUNDS)

    def add(self, seconds: float) -> None:
        """One more."""
        self.seconds += seconds
        self._counts[bisect_left(BUCKETS, seconds)] += 1

    def cumulative(self) -> list[tuple[str, float]]:
        """How many took at most as long, by Prometheus' bounds."""
        return list(zip(_BOUNDS, accumulate(self._counts), strict=True))


class Metrics:
    """An ASGI application that answers with what was counted, in Prometheus' text format."""

    def __init__(self, in_flight: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        Gauge("http_requests_in_flight", "Requests being answered now.", registry=self.registry).set_function(in_flight)
        self._requests: dict[tuple[str, str, int], Durations] = {}
        self.registry.register(_Requests(self._requests))
        self.registry.register(_Refusals())

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request. Labels come from sets of ours alone, so a client cannot make new ones."""
        labels = (method if method in METHODS else "other", route, status)
        durations = self._requests.get(labels)
        if durations is None:
            durations = self._requests[labels] = Durations()
        durations.add(seconds)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer GET /metrics."""
        body = generate_latest(self.registry)
        headers = [(b"content-type", CONTENT_TYPE_LATEST.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def route_of(scope: Scope) -> str:
    """The template that matched, such as /api/v1/products/{product_id}, as the router says."""
    route = getattr(scope.get("route"), "path", None)
    return route if isinstance(route, str) else "unmatched"


class _Requests(Collector):
    """The requests that were counted."""

    def __init__(self, requests: dict[tuple[str, str, int], Durations]) -> None:
        self._requests = requests

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(
            "http_request_duration_seconds",
            "From the request's arrival to its answer's end.",
            labels=["method", "route", "status"],
        )
        for (method, route, status), durations in self._requests.items():
            family.add_metric([method, route, str(status)], durations.cumulative(), durations.seconds)
        yield family


class _Refusals(Collector):
    """What the server refused before it was a request, and so before it was counted as one."""

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "http_requests_refused_unread", "Requests refused while they were still arriving.", labels=["code"]
        )
        for code, count in REFUSALS.items():
            family.add_metric([code], count)
        yield family
