"""The results of benchmarks/data.py, for people and for programs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from benchmarks.data_http import Served
from tests.support.statements import indexes_in


@dataclass(frozen=True)
class Bar:
    """A measured ratio or count, and where it has to be."""

    what: str
    value: float
    limit: float
    at_most: bool = False

    @property
    def holds(self) -> bool:
        """Whether the value is on the right side of its limit."""
        return self.value <= self.limit if self.at_most else self.value >= self.limit


@dataclass(frozen=True)
class Report:
    """All of one run; `load` is the machine's when it began."""

    load: float
    rows: int
    served: Mapping[str, Mapping[str, Served]]
    milliseconds: Mapping[str, float]
    plans: Mapping[str, str]
    bars: list[Bar]

    def as_dict(self) -> dict[str, object]:
        """As JSON takes it."""
        served = {what: {name: asdict(one) for name, one in found.items()} for what, found in self.served.items()}
        bars = [{**asdict(bar), "holds": bar.holds} for bar in self.bars]
        return {
            "load": self.load,
            "rows": self.rows,
            "http": served,
            "milliseconds": dict(self.milliseconds),
            "plans": dict(self.plans),
            "bars": bars,
        }

    def as_text(self) -> str:
        """As tables."""
        lines = [f"load when it began: {self.load:.2f}; {self.rows:,} products", ""]
        lines.append(f"{'over HTTP':22}{'req/s':>9}{'CPU us':>9}{'x bare':>9}")
        for what, found in self.served.items():
            bare = found["bare asyncpg"].cpu
            for name, one in found.items():
                lines.append(f"{what + ', ' + name:22}{one.rate:9.0f}{one.cpu:9.1f}{bare / one.cpu:9.2f}")
        lines += ["", f"{'one page of ours':22}{'p50 ms':>9}"]
        lines += [f"{name:22}{value:9.2f}" for name, value in self.milliseconds.items()]
        lines += ["", f"{'statement':78}{'ms':>9}  indexes"]
        lines += [_plan_line(name, plan) for name, plan in self.plans.items()]
        lines += ["", f"{'bar':40}{'measured':>9}{'bar':>9}"]
        for bar in self.bars:
            limit = f"{'<=' if bar.at_most else '>='} {bar.limit:g}"
            lines.append(f"{bar.what:40}{bar.value:9.2f}{limit:>9}  {'holds' if bar.holds else 'MISSED'}")
        return "\n".join(lines)


def _plan_line(name: str, plan: str) -> str:
    took = re.search(r"Execution Time: ([\d.]+)", plan)
    return f"{name:78}{took[1] if took else '':>9}  {', '.join(sorted(indexes_in(plan))) or 'NONE'}"
