"""What /metrics tells of a service's connections to its database."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from services.shared.database import Database


class PoolMetrics(Collector):
    """How full the pool is, and how often nobody could be served. Registered once by a service with a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """Called for each GET of /metrics."""
        usage = self._database.usage()
        connections = GaugeMetricFamily(
            "database_pool_connections", "Connections to the database, by what they do.", labels=["state"]
        )
        connections.add_metric(["busy"], usage.busy)
        connections.add_metric(["idle"], usage.idle)
        yield connections
        yield GaugeMetricFamily("database_pool_limit", "Connections that the pool may hold.", usage.limit)
        yield CounterMetricFamily(
            "database_unavailable", "Uses that failed since no connection could be had or it broke.", usage.failures
        )
