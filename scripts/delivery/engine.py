"""One stack under Pulumi's engine, by its Automation API: preview, update, drift, and what its failures mean."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation
from pulumi.automation import LocalWorkspace, Stack, errors
from pulumi.automation.events import EngineEvent

from scripts.delivery.aws import verdict_in
from scripts.delivery.cli import Cli
from scripts.delivery.diagnostics import redacted
from scripts.delivery.progress import Progress
from scripts.delivery.steps import CHANGING, Changes, Recorder, Step, is_component, step_of
from scripts.delivery.verdicts import MEANINGS, DeliveryError, Verdict
from scripts.stack import INSTALL, ROOT

REPOSITORIES = ["**sri:images:Images**"]
"""What is deployed before anything is: the image repositories, and the component that they are part of."""

NO_DIGEST = f"sha256:{'0' * 64}"
"""Stands for an image that is not there yet, while only the repositories are deployed."""

_DIGESTS = "sri:image_digests"
_REFUSED = "in the stack's configuration:"
"""The program's own words for settings that it cannot work with (components/config.py)."""


class Engine:
    """Runs the program for `stack`. `digests`: service -> image digest, which goes before what the stack's file says.

    `policy_pack`: the folder of a CrossGuard pack, of whose rules a mandatory one that is violated ends the run.
    `heard` is told of every resource that is done. Raises DeliveryError where there is no CLI or no such stack.
    """

    def __init__(
        self,
        stack: str,
        say: Callable[[str], None],
        *,
        digests: Mapping[str, str] | None = None,
        folder: Path = ROOT,
        heard: Callable[[Step], None] | None = None,
        policy_pack: Path | None = None,
    ) -> None:
        self.name = stack
        self._digests = digests
        self._folder = folder
        self._heard = heard or (lambda _step: None)
        self._packs = None if policy_pack is None else [str(policy_pack.absolute())]
        self._say = say
        self._cli = _cli(say)
        self._stack = self._select()

    def preview(self, targets: list[str] | None = None) -> Changes:
        """What an update would do. A preview that fails is a DeliveryError."""
        return self._run(
            Recorder(), lambda **given: self._stack.preview(target=targets, policy_packs=self._packs, **given)
        )

    def update(self, targets: list[str] | None = None) -> Changes:
        """Do it. Raises UpdateError, which holds what was done until then."""
        return self._run(
            Recorder(),
            lambda **given: self._stack.up(target=targets, show_secrets=False, policy_packs=self._packs, **given),
        )

    def drift(self) -> Changes:
        """Where what is there differs from what the last update left."""
        return self._run(
            Recorder(refreshing=True), lambda **given: self._stack.preview_refresh(show_secrets=False, **given)
        )

    def take_deployed_digests(self) -> bool:
        """Go on with the images that are deployed; whether there are any that were given by digest.

        A preview that knows no digests would register images to build, and show every service as changing.
        """
        try:
            found = self._stack.export_stack().deployment or {}
        except errors.CommandError as error:
            raise _unusable(self.name, str(error)) from error
        resources = found.get("resources", [])
        stacks = [resource.get("outputs", {}) for resource in resources if resource["type"] == "pulumi:pulumi:Stack"]
        images = stacks[0].get("image_digests") or {} if stacks else {}
        built = any(resource["type"].startswith("docker") for resource in resources)
        digests = {service: str(image).rpartition("@")[2] for service, image in images.items()}
        if built or not digests or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in digests.values()):
            return False
        self._digests = digests
        return True

    def _select(self) -> Stack:
        workspace = LocalWorkspace(
            work_dir=str(self._folder), pulumi_command=self._cli, env_vars={"PULUMI_SKIP_UPDATE_CHECK": "true"}
        )
        try:
            return Stack.select(self.name, workspace)
        except errors.CommandError as error:
            raise _unusable(self.name, str(error)) from error

    def _run(self, recorder: Recorder, operation: Callable[..., Any]) -> Changes:
        def take(event: EngineEvent) -> None:
            done = recorder.take(event)
            _follow(event, progress)
            if done is not None:
                self._heard(done)

        try:
            with self._settings() as file, Progress(self._say) as progress:
                operation(on_event=take, color="never", suppress_outputs=True, suppress_progress=True, config_file=file)
        except (errors.CommandError, RuntimeError) as error:
            raise self._failure(recorder.changes, str(error)) from error
        if self._cli.interrupted:
            raise self._failure(recorder.changes, "")
        return recorder.changes

    @contextmanager
    def _settings(self) -> Iterator[str | None]:
        """A private copy of the stack's file with the digests in it: the file itself stays as it is."""
        if self._digests is None:
            yield None
            return
        original = self._folder / f"Pulumi.{self.name}.yaml"
        settings = yaml.safe_load(original.read_text(encoding="utf-8")) if original.exists() else {}
        settings = {**settings, "config": {**settings.get("config", {}), _DIGESTS: dict(self._digests)}}
        with tempfile.TemporaryDirectory(prefix="deploy-") as folder:
            copy = Path(folder) / original.name
            copy.write_text(yaml.safe_dump(settings), encoding="utf-8")
            yield str(copy)

    def _failure(self, changes: Changes, said: str) -> UpdateError:
        unlock = f"`pulumi cancel --stack {self.name}`"
        if self._cli.interrupted:
            text = (
                f"Stopped by hand. Running it again goes on from here; if that says that the stack is locked, {unlock} "
                "frees it, once nothing runs any more."
            )
            return UpdateError(Verdict.INTERRUPTED, text, changes)
        if "locked by" in said or "another update is currently in progress" in said.lower():
            holders = "; ".join(re.findall(r"created by .*", said))
            text = (
                f"{MEANINGS[Verdict.LOCKED]}{f' ({holders})' if holders else ''}. Wait for it; "
                f"if nothing runs any more, {unlock} frees it."
            )
            return UpdateError(Verdict.LOCKED, text, changes)
        complaints = [str(error) for error in changes.diagnostics.errors]
        first = complaints[0] if complaints else _last_words(said)
        verdict = verdict_in(first) or Verdict.UPDATE_FAILED
        text = first if verdict is Verdict.UPDATE_FAILED else f"{first}\n{MEANINGS[verdict]}"
        if "docker daemon" in first:
            text += "\nNo container engine answers: start one, or give digests of pushed images with --digests."
        if not changes.steps and (unready := _unusable_words(said)) is not None:
            return UpdateError(Verdict.NOT_READY, unready, changes)
        if _REFUSED in first:
            return UpdateError(Verdict.NOT_READY, text, changes)
        return UpdateError(verdict, text, changes)


class UpdateError(DeliveryError):
    """The engine ended with an error; `changes` is what it had come to by then."""

    def __init__(self, verdict: Verdict, text: str, changes: Changes) -> None:
        super().__init__(verdict, text)
        self.changes = changes


def _follow(event: EngineEvent, progress: Progress) -> None:
    """Note what an update begins and ends; a preview begins nothing."""
    began, ended = event.resource_pre_event, event.res_outputs_event or event.res_op_failed_event
    if began is not None and not began.planning:
        step = step_of(began.metadata)
        if step.op in CHANGING and not is_component(step.type):
            progress.began(step.label)
    if ended is not None:
        progress.ended(step_of(ended.metadata).label)


def _cli(say: Callable[[str], None]) -> Cli:
    try:
        return Cli(say)
    except FileNotFoundError as error:
        text = f"Deploying needs the Pulumi CLI: install it ({INSTALL}) and put it on PATH."
        raise DeliveryError(Verdict.NOT_READY, text) from error
    except (automation.InvalidVersionError, subprocess.CalledProcessError) as error:
        raise DeliveryError(Verdict.NOT_READY, f"The Pulumi CLI does not fit: {error}") from error


def _unusable(stack: str, said: str) -> DeliveryError:
    if "no stack named" in said:
        text = (
            f"There is no stack {stack}: `pulumi stack init {stack}` makes it, `pulumi stack ls` shows those there are."
        )
    else:
        text = _unusable_words(said) or f"The stack {stack} cannot be used: {_last_words(said)}"
    return DeliveryError(Verdict.NOT_READY, text)


def _unusable_words(said: str) -> str | None:
    """The sentence for what must be set up before any deployment, if that is what is missing."""
    if "PULUMI_ACCESS_TOKEN" in said or "not yet logged in" in said or "pulumi login" in said:
        return "Say where the state lives: `pulumi login s3://your-bucket`, or PULUMI_BACKEND_URL in a pipeline."
    if "passphrase" in said.lower():
        return "The stack's secrets cannot be read: set PULUMI_CONFIG_PASSPHRASE, or the key that encrypts them."
    return None


def _last_words(said: str) -> str:
    """The CLI's own complaint: its lines that begin with `error:`, else its last one."""
    complaints = re.findall(r"^(?:.*?stderr: )?\s*error: (.+)$", said, re.MULTILINE)
    lines = complaints or [line.strip() for line in said.splitlines() if line.strip()]
    return redacted(lines[0] if complaints else lines[-1] if lines else "the engine gives no reason")
