"""What /metrics says of the gateway beyond its requests: the services behind it, its connections, its limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from services.gateway.limits import Limiter
from services.gateway.upstream import Upstream


class Measures(Collector):
    """Read from the running parts when somebody asks, so that counting costs a request next to nothing."""

    def __init__(self, upstreams: Iterable[Upstream], limiters: Iterable[Limiter]) -> None:
        self._upstreams = tuple(upstreams)
        self._limiters = tuple(limiters)

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        yield from self._of_upstreams()
        yield from self._of_pools()
        yield from self._of_limits()

    def _of_upstreams(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "upstream_requests", "Requests to a service by how they ended.", labels=["upstream", "outcome"]
        )
        durations = HistogramMetricFamily(
            "upstream_request_duration_seconds", "Until the head of a service's answer.", labels=["upstream"]
        )
        retries = CounterMetricFamily("upstream_retries", "Requests sent once more.", labels=["upstream"])
        openings = CounterMetricFamily("upstream_breaker_openings", "Times it opened.", labels=["upstream"])
        breakers = GaugeMetricFamily("upstream_breaker_open", "1 while it turns requests away.", labels=["upstream"])
        for upstream in self._upstreams:
            for outcome, count in upstream.outcomes.items():
                requests.add_metric([upstream.name, outcome], count)
            durations.add_metric([upstream.name], upstream.durations.cumulative(), upstream.durations.seconds)
            retries.add_metric([upstream.name], upstream.retries)
            openings.add_metric([upstream.name], upstream.breaker.openings)
            breakers.add_metric([upstream.name], float(upstream.breaker.is_open))
        yield from (requests, durations, retries, openings, breakers)

    def _of_pools(self) -> Iterator[Metric]:
        connections = GaugeMetricFamily(
            "upstream_connections", "Connections to a service.", labels=["upstream", "state"]
        )
        waiting = GaugeMetricFamily(
            "upstream_waiting", "Requests that wait for a service's return.", labels=["upstream"]
        )
        for upstream in self._upstreams:
            connections.add_metric([upstream.name, "busy"], upstream.pool.busy)
            connections.add_metric([upstream.name, "idle"], upstream.pool.idle)
            waiting.add_metric([upstream.name], upstream.waiting)
        yield from (connections, waiting)

    def _of_limits(self) -> Iterator[Metric]:
        refused = CounterMetricFamily("rate_limited", "Requests refused for their number.", labels=["limit"])
        keys = GaugeMetricFamily("rate_limit_keys", "Users or addresses remembered.", labels=["limit"])
        for limiter in self._limiters:
            refused.add_metric([limiter.name], limiter.refused)
            keys.add_metric([limiter.name], limiter.keys)
        yield from (refused, keys)
