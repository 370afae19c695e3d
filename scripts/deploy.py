"""Deploy a stack, and tell the truth about it: `python -m scripts.deploy STACK`.

Previews, stops where the preview finds a risk that nobody allowed, updates through Pulumi's engine, and then waits for
every service of ECS at once: a rollback or a task that dies is a failure with its reason, whatever the engine says.

Exit code: 0 good; 1 the deployment failed; 2 it could not begin; 3 a risk that was not allowed (with --preview too);
4 --drift found some.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from scripts.delivery.aws import Patience
from scripts.delivery.console import Console, terminable
from scripts.delivery.deployment import BLOCKED, DRIFTED, FAILED, GOOD, USAGE, Delivery
from scripts.delivery.engine import NO_DIGEST, Engine, UpdateError
from scripts.delivery.report import DONE, Report, markdown
from scripts.delivery.risks import MEANINGS, Risk
from scripts.delivery.steps import Step
from scripts.delivery.verdicts import DeliveryError, Verdict
from services import catalog


def main(arguments: Sequence[str]) -> int:
    """Run the command; its exit code."""
    given = parser().parse_args(arguments)
    console = Console(machine=given.json)
    report = Report(given.stack, _kind(given), allowed=given.allow)
    began = time.monotonic()
    try:
        with terminable():
            code = _run(given, report, console)
    except DeliveryError as error:
        report.verdict, report.message = error.verdict, str(error)
        if isinstance(error, UpdateError) and report.planned is None:
            report.planned = error.changes
        unready = error.verdict is Verdict.NOT_READY
        code = USAGE if unready else FAILED
        console.complain(report.message if unready else f"{given.stack}: {error.verdict}: {error}")
    except (ClientError, BotoCoreError) as error:
        code, report.verdict, report.message = FAILED, Verdict.UPDATE_FAILED, f"AWS: {error}"
        console.complain(report.message)
    except KeyboardInterrupt:
        code, report.verdict = FAILED, Verdict.INTERRUPTED
        report.message = "Stopped by hand: whatever ECS has begun goes on. The same command again looks how it went."
        console.complain(report.message)
    report.seconds = time.monotonic() - began
    if given.comment is not None:
        given.comment.write_text(markdown(report), encoding="utf-8")
    console.document({**report.document(), "exit_code": code})
    return code


def parser() -> argparse.ArgumentParser:
    """The options."""
    risks = "; ".join(f"{risk}: {MEANINGS[risk]}" for risk in Risk)
    found = argparse.ArgumentParser(
        prog="python -m scripts.deploy",
        description="Deploy a stack, and fail with the reason where it did not come up.",
        epilog=f"Exit code: {GOOD} good, {FAILED} the deployment failed, {USAGE} it could not begin, {BLOCKED} a risk "
        f"that was not allowed, {DRIFTED} drift. Risks: {risks}.",
    )
    found.add_argument("stack", metavar="STACK", help="dev, prod or another")
    what = found.add_mutually_exclusive_group()
    what.add_argument("--preview", action="store_true", help="only show what would be done, and its risks")
    what.add_argument(
        "--drift", action="store_true", help="only show where what is there differs from what was deployed"
    )
    what.add_argument("--repositories", action="store_true", help="only the image repositories, before the first push")
    found.add_argument("--digests", type=Path, metavar="FILE", help="what `scripts.build_and_push --json` wrote")
    found.add_argument(
        "--allow", action="extend", default=[], type=_risks, metavar="RISK[,RISK]", help="may be given again"
    )
    found.add_argument("--yes", action="store_true", help="ask nothing; a risk that is not allowed still stops it")
    found.add_argument("--comment", type=Path, metavar="FILE", help="write the Markdown for a pull request")
    found.add_argument(
        "--policy-pack", type=Path, metavar="DIR", help="hold the changes to its rules too (`make policy` readies ours)"
    )
    found.add_argument(
        "--timeout", type=float, default=15, metavar="MINUTES", help="for the services, after the update"
    )
    found.add_argument("--json", action="store_true", help="one document for machines on stdout")
    return found


def _risks(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in set(Risk)]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)} is no risk; there are: {', '.join(Risk)}")
    return names


def _run(given: argparse.Namespace, report: Report, console: Console) -> int:
    asks = not given.yes and console.attended()
    if report.kind in ("deploy", "repositories") and not (asks or given.yes):
        raise DeliveryError(Verdict.NOT_READY, "Nobody is there to be asked: say --yes, or --preview to look only.")

    def heard(step: Step) -> None:
        if report.planned is not None:  # during the update
            console.say(f"  {DONE[step.op]} {step.label}")

    engine = Engine(given.stack, console.say, digests=_digests(given), heard=heard, policy_pack=given.policy_pack)
    if report.kind == "preview" and given.digests is None and engine.take_deployed_digests():
        report.note = "Images are taken as deployed: without --digests, a preview does not show new ones."
        console.say(report.note)
    delivery = Delivery(
        engine=engine,
        report=report,
        console=console,
        asks=asks,
        timeout_s=given.timeout * 60,
        patience=Patience(),
    )
    run = {"preview": delivery.preview, "drift": delivery.drift}.get(report.kind, delivery.deploy)
    return run()


def _kind(given: argparse.Namespace) -> str:
    return next((kind for kind in ("preview", "drift", "repositories") if getattr(given, kind)), "deploy")


def _digests(given: argparse.Namespace) -> Mapping[str, str] | None:
    """Service -> digest of the images to run; None where the stack's own file says, or the images are built."""
    names = [service.name for service in catalog.SERVICES]
    if given.repositories:
        return dict.fromkeys(names, NO_DIGEST)
    if given.digests is None:
        return None
    try:
        document = json.loads(given.digests.read_text(encoding="utf-8"))
        found = {str(name): str(digest) for name, digest in document["digests"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        text = f"{given.digests} holds no digests: make it by `python -m scripts.build_and_push {given.stack} --json`."
        raise DeliveryError(Verdict.NOT_READY, text) from error
    missing = [name for name in names if name not in found]
    if missing:
        text = f"{given.digests} has no digest of {', '.join(missing)}: build all services, without --service."
        raise DeliveryError(Verdict.NOT_READY, text)
    if document.get("stack", given.stack) != given.stack:
        text = (
            f"{given.digests} is of {document['stack']}: copy the images first, "
            f"`python -m scripts.build_and_push {given.stack} --from {document['stack']} --json`."
        )
        raise DeliveryError(Verdict.NOT_READY, text)
    return {name: found[name] for name in names}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
