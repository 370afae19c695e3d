"""The results of benchmarks/auth.py, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Bar:
    """A measured ratio or amount, and where it has to be."""

    what: str
    value: float
    limit: float
    at_most: bool = False

    @property
    def holds(self) -> bool:
        """Whether the value is on the right side of its limit."""
        return self.value < self.limit if self.at_most else self.value >= self.limit


@dataclass(frozen=True)
class Served:
    """One application under load: requests a second, and microseconds of the server's CPU a request."""

    rate: float
    cpu: float


@dataclass(frozen=True)
class Report:
    """All of one run; `cost` in CPU microseconds a token, `load` the machine's when it began."""

    load: float
    cost: dict[str, float]
    served: dict[str, Served]
    bars: list[Bar]

    def as_dict(self) -> dict[str, object]:
        """As JSON takes it."""
        bars = [{**asdict(bar), "holds": bar.holds} for bar in self.bars]
        served = {name: asdict(result) for name, result in self.served.items()}
        return {"load": self.load, "microseconds": self.cost, "http": served, "bars": bars}

    def as_text(self) -> str:
        """As tables."""
        raw = self.cost["raw cryptography check"]
        lines = [f"load when it began: {self.load:.2f}", "", f"{'a token':34}{'CPU us':>9}{'x raw':>9}"]
        lines += [f"{name:34}{cost:9.2f}{raw / cost:9.3f}" for name, cost in sorted(self.cost.items(), key=_by_value)]
        if self.served:
            least = self.served["no auth"].rate
            lines += ["", f"{'over HTTP':34}{'req/s':>9}{'x none':>9}{'CPU us':>9}"]
            for name, result in self.served.items():
                lines.append(f"{name:34}{result.rate:9.0f}{result.rate / least:9.3f}{result.cpu:9.1f}")
        lines += ["", f"{'bar':58}{'measured':>9}{'bar':>9}"]
        for bar in self.bars:
            sign = "<" if bar.at_most else ">="
            lines.append(
                f"{bar.what:58}{bar.value:9.3f}{sign + f' {bar.limit:g}':>9}  {'holds' if bar.holds else 'MISSED'}"
            )
        return "\n".join(lines)


def _by_value(entry: tuple[str, float]) -> float:
    return -entry[1]
