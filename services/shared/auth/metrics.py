"""What authentication counts, for Prometheus: plain integers while serving, samples when asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol
from weakref import WeakSet

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

ACCEPTED = "accepted"


class Aged(Protocol):
    """Something fetched that gets old: the key set, the list of revocations."""

    @property
    def age(self) -> float | None:
        """Seconds since it was last fetched; None before the first time."""


class Tally(Collector):
    """The counts of one process: to add one costs next to nothing, no lock and no look-up of labels."""

    def __init__(self) -> None:
        self.results: Counter[str] = Counter()
        """Tokens by result: `accepted`, or the code of the refusal."""
        self.cache_hits = 0
        self.key_refreshes: Counter[str] = Counter()
        """Fetches of key sets by outcome: `ok` or `failed`."""
        self.revocation_refreshes: Counter[str] = Counter()
        self.keys: WeakSet[Aged] = WeakSet()
        self.revocations: WeakSet[Aged] = WeakSet()

    def collect(self) -> Iterable[Metric]:
        """The samples; a prometheus-client registry asks for them."""
        yield _counter("auth_verifications", "Tokens by result.", "result", self.results)
        yield CounterMetricFamily("auth_cache_hits", "Tokens that were found verified already.", value=self.cache_hits)
        yield _counter("auth_key_refreshes", "Fetches of the key set.", "outcome", self.key_refreshes)
        yield _age("auth_key_age_seconds", "Since the key set was fetched.", self.keys)
        yield _counter("auth_revocation_refreshes", "Polls of the revocations.", "outcome", self.revocation_refreshes)
        yield _age("auth_revocation_age_seconds", "Since the revocations were polled.", self.revocations)


TALLY = Tally()
"""The process's own. A service registers it once: `registry.register(TALLY)`."""


def _counter(name: str, text: str, label: str, counts: Counter[str]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family


def _age(name: str, text: str, things: Iterable[Aged]) -> Metric:
    family = GaugeMetricFamily(name, text)
    ages = [thing.age for thing in things]
    known = [age for age in ages if age is not None]
    if known:
        family.add_metric([], max(known))
    return family
