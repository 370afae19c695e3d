"""What the Pulumi CLI's complaints mean: a CLI that says what the test wrote stands for the real one."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from scripts.delivery.engine import Engine, UpdateError
from scripts.delivery.verdicts import DeliveryError, Verdict

LOCKED = """error: the stack is currently locked by 1 lock(s).
  s3://state/.pulumi/locks/organization/sri/dev/1.json: created by runner@build-7 (pid 4242) at 2026-01-01T00:00:00Z"""


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CLI of a version that fits."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return tmp_path / "pulumi"


def says(cli: Path, *cases: str) -> None:
    """`cases` of the shell, by the words of the command line."""
    listed = "\n".join(cases)
    cli.write_text(f'#!/bin/sh\ncase "$*" in\n*version*) echo v3.260.0;;\n{listed}\nesac\n')
    cli.chmod(0o755)


def complains(command: str, text: str) -> str:
    return f"*'{command}'*) cat >&2 <<'END'\n{text}\nEND\nexit 255;;"


def updated(tmp_path: Path) -> UpdateError:
    with pytest.raises(UpdateError) as caught:
        Engine("dev", lambda _line: None, folder=tmp_path).update()
    return caught.value


def test_without_a_cli_one_is_told_where_it_is_had(cli: Path, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"needs the Pulumi CLI: install it \(https://") as caught:
        Engine("dev", lambda _line: None, folder=tmp_path)
    assert caught.value.verdict is Verdict.NOT_READY


def test_a_cli_that_is_too_old_is_refused(cli: Path, tmp_path: Path) -> None:
    cli.write_text("#!/bin/sh\necho v2.9.0\n")
    cli.chmod(0o755)
    with pytest.raises(DeliveryError, match="does not fit"):
        Engine("dev", lambda _line: None, folder=tmp_path)


@pytest.mark.parametrize(
    ("complaint", "words"),
    [
        ("error: no stack named 'dev' found", "`pulumi stack init dev` makes it"),
        ("error: PULUMI_ACCESS_TOKEN must be set for login", "Say where the state lives"),
        ("error: could not read the state: bucket gone", "cannot be used: could not read the state: bucket gone"),
    ],
)
def test_a_stack_that_cannot_be_used_is_told_with_what_to_do(
    cli: Path, tmp_path: Path, complaint: str, words: str
) -> None:
    says(cli, complains("stack select", complaint))
    with pytest.raises(DeliveryError, match=words) as caught:
        Engine("dev", lambda _line: None, folder=tmp_path)
    assert caught.value.verdict is Verdict.NOT_READY


@pytest.mark.parametrize(
    ("complaint", "verdict", "words"),
    [
        (LOCKED, Verdict.LOCKED, "(created by runner@build-7 (pid 4242) at 2026-01-01T00:00:00Z)"),
        (
            "error: [409] Conflict: Another update is currently in progress.",
            Verdict.LOCKED,
            "`pulumi cancel --stack dev`",
        ),
        (
            "error: ExpiredToken: The security token included in the request is expired",
            Verdict.CREDENTIALS,
            "renew them",
        ),
        ("error: ThrottlingException: Rate exceeded", Verdict.THROTTLED, "takes no more requests"),
        ("error: dial tcp 10.0.0.1:443: i/o timeout", Verdict.LOST_CONNECTION, "nobody knows how it ends"),
        ("error: AccessDenied: not authorized to perform: s3:PutObject", Verdict.REFUSED, "s3:PutObject"),
        ("error: incorrect passphrase", Verdict.NOT_READY, "set PULUMI_CONFIG_PASSPHRASE"),
        ("error: failed to connect to any docker daemon", Verdict.UPDATE_FAILED, "give digests of pushed images"),
        ("error: something new", Verdict.UPDATE_FAILED, "something new"),
    ],
)
def test_a_failed_update_gets_the_verdict_that_the_complaint_speaks_for(
    cli: Path, tmp_path: Path, complaint: str, verdict: Verdict, words: str
) -> None:
    says(cli, complains(" up ", complaint))
    failure = updated(tmp_path)
    assert failure.verdict is verdict
    assert words in str(failure)


def test_the_first_signal_asks_the_engine_to_end_and_the_third_ends_it(cli: Path, tmp_path: Path) -> None:
    """It hears of each once, though it runs apart from the terminal."""
    heard = tmp_path / "heard"
    loop = f"trap 'echo INT >>{heard}' INT; touch {heard}; while :; do sleep 0.05; done"
    says(cli, f"*' up '*) {loop};;")
    said: list[str] = []

    def stop() -> None:
        while not heard.exists():
            time.sleep(0.01)
        for times in (1, 2):
            os.kill(os.getpid(), signal.SIGTERM)
            while heard.read_text().count("INT") < times:
                time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop, daemon=True).start()
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(UpdateError, match="Stopped by hand") as caught:
        Engine("dev", said.append, folder=tmp_path).update()
    assert caught.value.verdict is Verdict.INTERRUPTED
    assert heard.read_text().count("INT") == 2
    assert said == ["Stopping: what is under way is finished first (again to hurry, a third time to force)."]
    assert signal.getsignal(signal.SIGTERM) is before


def exported(tmp_path: Path, cli: Path, *resources: str) -> bool:
    state = f'{{"version": 3, "deployment": {{"resources": [{", ".join(resources)}]}}}}'
    says(cli, f"*'stack export'*) echo '{state}';;")
    return Engine("dev", lambda _line: None, folder=tmp_path).take_deployed_digests()


def test_a_preview_takes_the_digests_that_are_deployed_unless_pulumi_builds_the_images(
    cli: Path, tmp_path: Path
) -> None:
    image = f"1.dkr.ecr.eu-central-1.amazonaws.com/data@sha256:{'ab' * 32}"
    stack = f'{{"type": "pulumi:pulumi:Stack", "outputs": {{"image_digests": {{"data": "{image}"}}}}}}'
    assert exported(tmp_path, cli, stack)
    assert not exported(tmp_path, cli, stack, '{"type": "docker:index/image:Image"}')
    assert not exported(tmp_path, cli, stack.replace("@sha256:", ":latest-"))
    assert not exported(tmp_path, cli)
