"""Reading a stack's outputs: what is handed over, and what is said where they cannot be had."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.stack import StackError, outputs

URL = "https://app.example.com"


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Pulumi CLI that does what the test writes into it; the only program on PATH but the shell's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder / "pulumi"


def program(path: Path, *lines: str) -> None:
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)


def test_the_cli_is_asked_for_the_stack_by_name_and_never_for_a_secret(cli: Path) -> None:
    program(cli, f'echo "$@" >{cli}.said', f"echo '{json.dumps({'url': URL})}'")
    assert outputs("dev")["url"] == URL
    said = Path(f"{cli}.said").read_text().split()
    assert said == ["stack", "output", "--json", "--non-interactive", "--stack", "dev"]


def test_the_cli_is_asked_in_the_projects_folder_wherever_one_stands(
    cli: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program(cli, 'echo "{\\"here\\": \\"$PWD\\"}"')
    assert (Path(outputs("dev")["here"]) / "Pulumi.yaml").exists()


def test_a_file_needs_no_cli(tmp_path: Path, cli: Path) -> None:
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps({"url": URL}))
    assert outputs(None, file)["url"] == URL
    assert outputs("dev", file)["url"] == URL


@pytest.mark.parametrize("content", ["{", "[]", '"text"'])
def test_a_file_that_holds_no_outputs_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "outputs.json"
    file.write_text(content)
    with pytest.raises(StackError, match=r"outputs\.json holds no outputs"):
        outputs("dev", file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"nothing\.json holds no outputs"):
        outputs("dev", tmp_path / "nothing.json")


def test_without_a_cli_one_is_told_where_it_is_had(cli: Path) -> None:
    with pytest.raises(StackError, match=r"need the Pulumi CLI \(https://.*--outputs"):
        outputs("dev")


def test_an_unknown_stack_is_named_with_the_way_to_make_it(cli: Path) -> None:
    program(cli, "echo \"error: no stack named 'nix' found\" >&2", "exit 255")
    with pytest.raises(StackError, match=r"There is no stack nix: .*pulumi stack init nix"):
        outputs("nix")


def test_whoever_is_not_logged_in_is_told_how(cli: Path) -> None:
    program(
        cli, "echo 'error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions' >&2", "exit 1"
    )
    with pytest.raises(StackError, match="pulumi login"):
        outputs("dev")


def test_any_other_complaint_of_the_cli_is_passed_on(cli: Path) -> None:
    program(cli, "echo 'error: incorrect passphrase' >&2", "exit 1")
    with pytest.raises(StackError, match="of dev cannot be read: incorrect passphrase"):
        outputs("dev")


def test_no_stack_at_all_is_an_error() -> None:
    with pytest.raises(StackError, match="No stack is named"):
        outputs(None)


def test_an_output_that_is_missing_is_named_with_where_it_was_looked_for(cli: Path, tmp_path: Path) -> None:
    program(cli, "echo '{}'")
    with pytest.raises(StackError, match=r"The stack dev has no output cluster_name: deploy the stack first"):
        outputs("dev")["cluster_name"]
    file = tmp_path / "outputs.json"
    file.write_text("{}")
    with pytest.raises(StackError, match=r"outputs\.json has no output url"):
        outputs(None, file)["url"]
    assert outputs(None, file).get("url") is None


def test_nothing_asks_for_a_newer_cli_meanwhile(cli: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_SKIP_UPDATE_CHECK", raising=False)
    program(cli, 'echo "{\\"skip\\": \\"$PULUMI_SKIP_UPDATE_CHECK\\"}"')
    assert outputs("dev")["skip"] == "true"


def test_an_output_that_a_partial_deployment_left_open_is_as_good_as_missing(cli: Path) -> None:
    """As the engine writes them when only the image repositories have been deployed."""
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    given = {"url": unknown, "service_names": {"data": unknown}, "ecr_repository_urls": {"data": "a.dkr.ecr/data"}}
    program(cli, f"echo '{json.dumps(given)}'")
    found = outputs("dev")
    assert found["ecr_repository_urls"] == {"data": "a.dkr.ecr/data"}
    for name in ("url", "service_names"):
        with pytest.raises(StackError, match=f"no output {name}: deploy the stack first"):
            found[name]
