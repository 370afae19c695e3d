"""The command that brings every image of a stack into its registry. The docker command is a stand-in here, which
pushes small images to a real registry; tests marked docker use the real one."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import build_and_push
from scripts.images.settings import read_settings
from services import catalog
from tests.support.image_registry import serving
from tests.support.small_images import put_image

NAMES = [service.name for service in catalog.SERVICES]
STAND_IN = """#!{python} -IS
import os, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.support.small_images import put_image
with open({log!r}, "a") as log:
    print(" ".join(sys.argv[1:]), file=log)
command, *rest = sys.argv[1:]
if command == "version":
    print("20.10")
elif command == "build":
    if "SERVICE=" + os.environ.get("FAILING", "none") in rest:
        print("Step 1/2 : RUN false")
        sys.exit("the package cannot be had")
    print("Step 1/2 : FROM base")
elif command == "push":
    assert Path(os.environ["DOCKER_CONFIG"], "config.json").exists()
    url, _, tag = rest[0].rpartition(":")
    put_image(url, tag, tag)
    if "RACE" in os.environ:
        sys.exit("tag is immutable")
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving("own", tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the docker command was asked for, a line each."""
    log, command = tmp_path / "asked", tmp_path / "bin/docker"
    command.parent.mkdir()
    command.write_text(STAND_IN.format(python=sys.executable, root=str(build_and_push.ROOT), log=str(log)))
    command.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    log.touch()
    return log


@pytest.fixture
def outputs(host: str, tmp_path: Path) -> Path:
    """The outputs of a stack whose repositories are all its own."""
    return outputs_of(host, tmp_path, tmp_path.name.lower().replace("_", "-")[-20:].strip("-"))


def outputs_of(host: str, folder: Path, name: str) -> Path:
    file = folder / f"{name}.json"
    file.write_text(json.dumps({"ecr_repository_urls": {service: f"{host}/{name}/{service}" for service in NAMES}}))
    return file


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[dict[str, Any], str]:
    """The document of a run that must succeed, and what it wrote meanwhile."""
    code = build_and_push.main(["local", "--json", *map(str, arguments)])
    written = capsys.readouterr()
    assert code == 0, written.err
    return json.loads(written.out), written.err


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str]:
    code = build_and_push.main([*map(str, arguments)])
    written = capsys.readouterr()
    assert written.out == ""
    return code, written.err


def commands(asked: Path, command: str) -> list[str]:
    return [line for line in asked.read_text().splitlines() if line.startswith(f"{command} ")]


def test_every_image_is_built_pushed_and_told_with_its_digest(
    asked: Path, outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document, progress = run(capsys, "--outputs", outputs)
    assert [image["service"] for image in document["images"]] == NAMES
    assert {image["action"] for image in document["images"]} == {"built"}
    assert document["digests"] == {image["service"]: image["digest"] for image in document["images"]}
    settings = read_settings(build_and_push.ROOT, "local")
    assert [image["tag"] for image in document["images"]] == [
        settings.build(build_and_push.ROOT, name).tag for name in NAMES
    ]
    assert len(commands(asked, "build")) == len(commands(asked, "push")) == len(NAMES)
    assert all("--platform linux/amd64" in line for line in commands(asked, "build"))
    assert "frontend    pushing" in progress
    assert "Step 1/2" not in progress


def test_what_is_there_is_neither_built_nor_pushed(
    asked: Path, outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, _ = run(capsys, "--outputs", outputs)
    asked.write_text("")
    after, _ = run(capsys, "--outputs", outputs)
    assert {image["action"] for image in after["images"]} == {"exists"}
    assert after["digests"] == before["digests"]
    assert commands(asked, "build") == commands(asked, "push") == []


def test_only_the_image_that_is_not_there_is_built(
    asked: Path, outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "--outputs", outputs, *(part for name in NAMES[1:] for part in ("--service", name)))
    asked.write_text("")
    document, _ = run(capsys, "--outputs", outputs)
    assert {image["service"]: image["action"] for image in document["images"]} == {
        name: "built" if name == NAMES[0] else "exists" for name in NAMES
    }
    assert len(commands(asked, "build")) == 1


def test_a_dry_run_asks_no_engine_and_has_no_digest_of_what_is_not_there(
    asked: Path, outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document, _ = run(capsys, "--outputs", outputs, "--dry-run")
    assert {(image["action"], image["digest"]) for image in document["images"]} == {("would build", None)}
    assert document["digests"] == {}
    assert asked.read_text() == ""


def test_another_stack_gets_the_very_same_images_without_an_engine(
    asked: Path, host: str, outputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built, _ = run(capsys, "--outputs", outputs)
    asked.write_text("")
    prod = outputs_of(host, tmp_path, f"{outputs.stem}-prod")
    planned, _ = run(capsys, "--outputs", prod, "--from", "local", "--from-outputs", outputs, "--dry-run")
    assert {image["action"] for image in planned["images"]} == {"would copy"}
    copied, _ = run(capsys, "--outputs", prod, "--from", "local", "--from-outputs", outputs)
    assert {image["action"] for image in copied["images"]} == {"copied"}
    assert copied["digests"] == planned["digests"] == built["digests"]
    assert asked.read_text() == ""


def test_images_for_another_processor_cannot_be_taken_over(
    outputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: sri\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  sri:cpu_architecture: ARM64\n")
    monkeypatch.setattr(build_and_push, "ROOT", tmp_path)
    assert refused(capsys, "prod", "--outputs", outputs, "--from", "dev", "--from-outputs", outputs) == (
        2,
        "The images of dev are for X86_64 and prod runs on ARM64: set sri:cpu_architecture alike in both, "
        "or leave --from out.\n",
    )


def test_images_are_taken_over_by_the_name_that_their_own_stack_gave_them(
    asked: Path, host: str, outputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prod = outputs_of(host, tmp_path, f"{outputs.stem}-prod")
    built, _ = run(capsys, "--outputs", outputs, "--service", "data")
    # The stack local names another source of certificates than dev, so that its images have other names.
    code = build_and_push.main(
        [
            "dev",
            "--json",
            "--outputs",
            str(prod),
            "--from",
            "local",
            "--from-outputs",
            str(outputs),
            "--service",
            "data",
        ]
    )
    assert code == 0
    assert json.loads(capsys.readouterr().out)["digests"] == built["digests"]


def test_an_image_that_the_other_stack_never_had_cannot_be_taken_over(
    host: str, outputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prod = outputs_of(host, tmp_path, f"{outputs.stem}-prod")
    arguments = ("local", "--outputs", prod, "--from", "local", "--from-outputs", outputs, "--service", "data")
    code, said = refused(capsys, *arguments)
    assert code == 1
    assert "/data has no image " in said
    assert "build it there first" in said


def test_a_failed_build_is_told_with_its_last_lines_and_the_others_go_on(
    asked: Path, outputs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILING", "data")
    code, said = refused(capsys, "local", "--outputs", outputs)
    assert code == 1
    assert "The image of data cannot be built; the last lines:\n    " in said
    assert "    the package cannot be had" in said
    monkeypatch.delenv("FAILING")
    document, _ = run(capsys, "--outputs", outputs)
    assert [image["service"] for image in document["images"] if image["action"] == "built"] == ["data"]


def test_a_tag_that_another_run_has_just_given_is_taken_as_it_is(
    asked: Path, outputs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RACE", "1")
    document, _ = run(capsys, "--outputs", outputs, "--service", "data")
    assert document["digests"]["data"].startswith("sha256:")


def test_without_a_terminal_each_step_is_a_line(asked: Path, outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, progress = run(capsys, "--outputs", outputs, "--service", "data")
    steps = [line.split("  ", 3)[-1].strip() for line in progress.splitlines()]
    assert [step.split(" ")[0] for step in steps] == ["asking", "building", "pushing", "built"]


def test_without_an_engine_one_sentence_tells_what_to_do(
    outputs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, said = refused(capsys, "local", "--outputs", outputs)
    assert code == 1
    assert said.startswith("No Docker engine answers (")
    assert said.endswith("): start one; only --dry-run and --from need none.\n")


def test_a_service_without_a_repository_is_refused_with_the_way_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "o.json").write_text('{"ecr_repository_urls": {"data": "h/d"}}')
    code, said = refused(capsys, "local", "--outputs", tmp_path / "o.json", "--dry-run")
    assert (code, said) == (
        2,
        "The stack local has no repository for gateway, identity, frontend: "
        "`python -m scripts.deploy local --repositories` makes it.\n",
    )


def test_a_stack_without_a_file_or_without_outputs_is_a_mistake_in_the_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(capsys, "nowhere", "--dry-run") == (
        2,
        "Pulumi.nowhere.yaml does not exist: a stack of that name needs it.\n",
    )
    (tmp_path / "o.json").write_text("{}")
    code, said = refused(capsys, "local", "--outputs", tmp_path / "o.json", "--dry-run")
    assert code == 2
    assert "has no output ecr_repository_urls" in said


def test_the_images_are_told_as_a_table_for_people(
    host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = outputs_of(host, tmp_path, "table")
    tag = read_settings(build_and_push.ROOT, "local").build(build_and_push.ROOT, "data").tag
    digest = put_image(f"{host}/table/data", tag, "x")
    assert build_and_push.main(["local", "--outputs", str(file), "--service", "data", "--dry-run"]) == 0
    assert capsys.readouterr().out.split()[:3] == ["data", "exists", digest]
