"""What a stack costs in a month, before anything is made: `python -m scripts.cost --stack prod`.

Runs the program without Pulumi's engine and without AWS, and shows its output `monthly_estimate` as a table.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks

from services import catalog

ROOT = Path(__file__).resolve().parents[1]


class _Nothing(mocks.Mocks):
    """AWS as a preview of a new stack sees it: whatever is computed is unknown; facts of the region are made up."""

    def __init__(self, region: str) -> None:
        self.region = region

    def call(self, args: mocks.MockCallArgs) -> Any:  # noqa: ARG002
        return {
            "id": "unknown",
            "zoneId": "unknown",
            "accountId": "000000000000",
            "names": [f"{self.region}{letter}" for letter in "abcd"],
        }

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return None, args.inputs


def estimate(stack: str, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The stack's `monthly_estimate`; `overrides` (keys such as `sri:egress`) go over what Pulumi.<stack>.yaml says.

    Raises FileNotFoundError if there is no such file, and what the program raises for what it refuses.
    """
    file = ROOT / f"Pulumi.{stack}.yaml"
    settings = {**yaml.safe_load(file.read_text(encoding="utf-8"))["config"], **(overrides or {})}
    # An image by digest is not built, and building costs nothing here.
    settings["sri:image_digests"] = {service.name: f"sha256:{'0' * 64}" for service in catalog.SERVICES}
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return _run(stack, settings)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _run(stack: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in settings.items()}
    pulumi.runtime.set_all_config(texts, [])
    mocks.set_mocks(_Nothing(str(settings.get("aws:region", ""))), project="sri", stack=stack, preview=True)
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    found: dict[str, Any] = {}

    def program() -> None:
        outputs = runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")["outputs"]
        found.update(outputs["monthly_estimate"])

    # Waits for every registration.
    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return found


def table(stack: str, found: Mapping[str, Any]) -> str:
    """The estimate as text: the dearest item first, the total, the ways out, and whose prices they are."""
    items = sorted(found["items"].items(), key=lambda item: -float(item[1]))
    lines = [f"{stack}: USD a month at rest"]
    lines += [f"  {name.replace('_', ' '):<18} {cost:>9.2f}" for name, cost in items if cost]
    lines += [f"  {name.replace('_', ' '):<18}   unknown" for name in found["missing"]]
    lines.append(f"  {'total':<18} {found['total']:>9.2f}")
    ways = ", ".join(f"{name} {cost:.2f}" for name, cost in found["egress_options"].items())
    lines.append(f"Ways out (sri:egress), before traffic: {ways}")
    lines.append(f"Prices: {found['prices']}")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """0, or 1 with the reason where the stack has no file or the program refuses it."""
    parser = argparse.ArgumentParser(prog="python -m scripts.cost", description="What a stack costs in a month.")
    parser.add_argument("--stack", default="dev", help="dev, prod or another with a Pulumi.<stack>.yaml")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="such as sri:egress=nat")
    parser.add_argument("--json", action="store_true", help="for machines")
    given = parser.parse_args(arguments)
    overrides = dict(pair.split("=", 1) for pair in given.set)
    try:
        found = estimate(given.stack, overrides)
    except (FileNotFoundError, pulumi.RunError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write((json.dumps(found, indent=2) if given.json else table(given.stack, found)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
