"""Build the images of all services and push them: `python -m scripts.build_and_push --help`.

Each image is named by the hash of its content, so what is in the stack's registry already is neither built nor pushed.
The digests that it prints are what `scripts.deploy --digests` takes: then the deploy itself needs no container engine.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from scripts.images import engine
from scripts.images.delivery import Delivered, Order, deliver
from scripts.images.errors import ImagesError, SettingsError
from scripts.images.progress import Progress
from scripts.images.settings import ImageSettings, read_settings
from scripts.stack import StackError, outputs
from services import catalog

ROOT = Path(__file__).resolve().parents[1]
FAILED, UNUSABLE = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every image is where it must be, 1 when one could not be brought there, 2 for what cannot be asked for."""
    given = _parser().parse_args(arguments)
    try:
        order = _order(given)
        with Progress.on_stderr() as progress:
            delivered = deliver(order, progress)
    except (SettingsError, StackError) as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    except ImagesError as error:
        print(error, file=sys.stderr)
        return FAILED
    print(json.dumps(_document(given.stack, delivered), indent=2) if given.json else _table(delivered))
    return 0


def _order(given: argparse.Namespace) -> Order:
    names = given.service or [service.name for service in catalog.SERVICES]
    settings = _settings(given.stack, given.from_stack)
    builds = [settings.build(ROOT, name) for name in names]
    repositories = _repositories(given.stack, given.outputs, names)
    if given.from_stack is None and not given.dry_run:
        engine.check_engine()
    sources = None if given.from_stack is None else _repositories(given.from_stack, given.from_outputs, names)
    return Order(builds=builds, repositories=repositories, sources=sources, dry_run=given.dry_run)


def _settings(stack: str, source: str | None) -> ImageSettings:
    """How the images are built: by the stack that they come from. SettingsError where the other could not run them."""
    own = read_settings(ROOT, stack)
    if source is None:
        return own
    built = read_settings(ROOT, source)
    if built.architecture is not own.architecture:
        raise SettingsError(
            f"The images of {source} are for {built.architecture} and {stack} runs on {own.architecture}: "
            "set sri:cpu_architecture alike in both, or leave --from out."
        )
    return built


def _repositories(stack: str, file: Path | None, names: Sequence[str]) -> Mapping[str, str]:
    """Service -> repository of the stack; SettingsError for a service that has none yet."""
    found: dict[str, str] = outputs(stack, file)["ecr_repository_urls"]
    missing = [name for name in names if name not in found]
    if missing:
        raise SettingsError(
            f"The stack {stack} has no repository for {', '.join(missing)}: "
            f"`python -m scripts.deploy {stack} --repositories` makes it."
        )
    return {name: found[name] for name in names}


def _document(stack: str, delivered: Sequence[Delivered]) -> dict[str, object]:
    return {
        "stack": stack,
        "images": [asdict(image) for image in delivered],
        "digests": {image.service: image.digest for image in delivered if image.digest is not None},
    }


def _table(delivered: Sequence[Delivered]) -> str:
    rows = [
        f"{image.service:<10}  {image.action:<11}  {image.digest or '(not there yet)':<71}  {image.seconds:7.1f} s"
        for image in delivered
    ]
    return "\n".join(rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.build_and_push", description=__doc__)
    parser.add_argument("stack", metavar="STACK", help="the stack whose registry gets the images, such as dev")
    known = [service.name for service in catalog.SERVICES]
    parser.add_argument("--service", action="append", choices=known, help="only this one; may be given several times")
    parser.add_argument("--dry-run", action="store_true", help="say what would be built; needs no container engine")
    parser.add_argument(
        "--from", dest="from_stack", metavar="STACK", help="take the very same images over from this stack's registry"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    text = "a file with the stack's outputs, instead of asking the Pulumi CLI"
    parser.add_argument("--outputs", type=Path, metavar="FILE", help=text)
    parser.add_argument("--from-outputs", type=Path, metavar="FILE", help="the same for the stack of --from")
    return parser


if __name__ == "__main__":
    sys.exit(main())
