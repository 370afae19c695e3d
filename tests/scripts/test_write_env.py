"""Stack outputs as `.env` files: what is in them, what is kept out, and what is never lost."""

from __future__ import annotations

import importlib
import json
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts import write_env
from scripts.dotenv.block import Block, assignments, parse
from scripts.dotenv.errors import EnvironmentFileError
from scripts.dotenv.files import wanted_files
from scripts.dotenv.variables import TYPES, problem_with, type_of
from scripts.secret_reference import SecretReferenceError, value_of
from services import catalog
from services.shared.settings import BaseEnvironment, SettingsError
from tests.support.stacks import ROOT, stack

REGION = "us-east-1"
KEY = "k" * 43
TIERS = ("dev", "prod")


class Folder:
    """A folder for files, and the command that writes them there."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder / "env", capsys
        self.outputs: dict[str, Any] = json.loads(json.dumps(stack("dev").outputs))

    def run(self, *options: str, stack_name: str = "dev") -> tuple[int, str, str]:
        """Exit code, standard output and error."""
        file = self.folder.parent / "outputs.json"
        file.write_text(json.dumps(self.outputs))
        code = write_env.main([stack_name, "--outputs", str(file), "--dir", str(self.folder), *options])
        written = self._capsys.readouterr()
        return code, written.out, written.err

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.env"

    def values(self, name: str) -> dict[str, str]:
        return assignments(self.file(name).read_text())


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Folder:
    return Folder(tmp_path, capsys)


@pytest.fixture
def secrets(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What each reference of the stack leads to."""
    told = folder.outputs["environments"]
    found = {reference: f"{KEY}-{name}" for service in told for name, reference in told[service]["secret"].items()}
    monkeypatch.setattr(write_env, "secret_reader", lambda *_: found.__getitem__)
    return found


@pytest.fixture(scope="module")
def manager() -> Iterator[Any]:
    """An emulated Secrets Manager."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.delenv("AWS_PROFILE", raising=False)
        yield boto3.client("secretsmanager", region_name=REGION)


def settings_of(service: str) -> type[BaseEnvironment]:
    settings: type[BaseEnvironment] = importlib.import_module(f"services.{service}.settings").Settings
    return settings


def become(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("service", [service.name for service in catalog.SERVICES])
def test_a_service_starts_with_what_is_in_its_file(
    service: str, folder: Folder, secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder.run("--secrets")[0] == 0
    values = folder.values(service)
    assert set(values) == settings_of(service).env_names()
    become(monkeypatch, values)
    assert settings_of(service).load()


@pytest.mark.parametrize("tier", TIERS)
def test_the_outputs_say_what_the_task_definitions_say(tier: str) -> None:
    built = stack(tier)
    for container in built.containers():
        if container.kind == "serve":
            told = built.outputs["environments"][container.service]
            assert told == {"plain": dict(container.environment), "secret": dict(container.secrets)}


def test_secrets_are_left_out_unless_asked_for(folder: Folder) -> None:
    folder.run()
    text = folder.file("identity").read_text()
    assert "COGNITO_CLIENT_SECRET" not in folder.values("identity")
    assert "# COGNITO_CLIENT_SECRET is a secret: left out, --secrets asks for it" in text
    assert "arn:aws" not in text


def test_only_its_owner_can_read_a_file(folder: Folder) -> None:
    folder.run("--service", "data")
    assert stat.S_IMODE(folder.file("data").stat().st_mode) == 0o600
    assert [path.name for path in folder.folder.iterdir()] == ["data.env"]


def test_no_secret_is_ever_shown(folder: Folder, secrets: dict[str, str]) -> None:
    shown = [folder.run("--secrets"), folder.run("--secrets", "--json")]
    secrets.update(dict.fromkeys(secrets, f"{KEY}-rotated"))
    shown += [folder.run("--secrets"), folder.run()]
    assert KEY not in str(shown)
    assert "+COGNITO_CLIENT_SECRET=(secret)" in shown[0][1]
    assert "-COGNITO_CLIENT_SECRET=(secret)\n+COGNITO_CLIENT_SECRET=(another secret)" in shown[2][1]
    assert "-COGNITO_CLIENT_SECRET=(secret)" in shown[3][1]


def test_the_web_app_is_told_where_the_api_is(folder: Folder) -> None:
    folder.run("--service", "web")
    assert folder.values("web") == {"PUBLIC_ORIGIN": folder.outputs["url"]}


def test_without_a_folder_files_stand_beside_what_they_are_for() -> None:
    found = {file.name: file.path.relative_to(ROOT) for file in wanted_files(stack("dev").outputs, [], None)}
    assert found["identity"] == Path("services/identity/.env")
    assert found["web"] == Path("services/frontend/web/.env")
    assert len(found) == len(catalog.SERVICES) + 1


def test_the_difference_is_shown_and_then_written(folder: Folder) -> None:
    folder.run()
    folder.outputs["environments"]["data"]["plain"]["LOG_LEVEL"] = "warning"
    code, out, _ = folder.run()
    assert code == 0
    assert "-LOG_LEVEL=debug\n+LOG_LEVEL=warning" in out
    assert out.count("as it should be") == len(catalog.SERVICES)
    assert folder.values("data")["LOG_LEVEL"] == "warning"


def test_lines_made_by_hand_are_kept_and_go_first(folder: Folder) -> None:
    folder.run()
    file = folder.file("data")
    mine = "\n# mine\nexport DATABASE_HOST=127.0.0.1\nDEBUGGER='a b'\n"
    file.write_text("# my own file\n" + file.read_text() + mine)
    folder.outputs["environments"]["data"]["plain"]["LOG_LEVEL"] = "error"
    code, out, _ = folder.run()
    assert code == 0
    assert "your own DATABASE_HOST goes before the stack's" in out
    assert file.read_text().startswith("# my own file\n# >>>")
    assert file.read_text().endswith(mine)
    values = folder.values("data")
    assert (values["DATABASE_HOST"], values["DEBUGGER"], values["LOG_LEVEL"]) == ("127.0.0.1", "a b", "error")


def test_a_file_that_somebody_made_stays_below_what_is_generated(folder: Folder) -> None:
    folder.folder.mkdir()
    folder.file("data").write_text("LOG_LEVEL=error")
    assert folder.run("--service", "data")[0] == 0
    assert folder.file("data").read_text().endswith("LOG_LEVEL=error\n")
    assert folder.values("data")["LOG_LEVEL"] == "error"


def test_an_editor_that_drops_the_last_line_break_does_no_harm(folder: Folder) -> None:
    folder.run("--service", "data")
    folder.file("data").write_text(folder.file("data").read_text().rstrip("\n"))
    assert folder.run("--service", "data", "--check")[0] == 0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("LOG_LEVEL=debug", "LOG_LEVEL=error", "lines were changed by hand between the marks"),
        ("# <<< end of", "# end of", "the last line of what was generated is gone"),
        ("# >>> written by scripts", "# >>> made by scripts", "the first line of what was generated was changed"),
    ],
    ids=["a value", "the end", "the beginning"],
)
def test_what_was_changed_between_the_marks_is_not_overwritten(old: str, new: str, told: str, folder: Folder) -> None:
    folder.run()
    changed = folder.file("data").read_text().replace(old, new)
    folder.file("data").write_text(changed)
    folder.file("gateway").unlink()
    code, _, err = folder.run()
    assert code == 2
    assert told in err
    assert "Nothing was written: move your lines below the last mark" in err
    assert folder.file("data").read_text() == changed
    assert not folder.file("gateway").exists()


def test_two_generated_parts_are_refused() -> None:
    text = Block("dev", {"A": "1"}, {}).text()
    with pytest.raises(EnvironmentFileError, match=r"x\.env: there are two generated parts"):
        parse(text + text, "x.env")


def test_a_check_finds_nothing_right_after_writing(folder: Folder) -> None:
    folder.run()
    assert folder.run("--check")[0] == 0


def test_a_check_finds_what_is_stale_and_writes_nothing(folder: Folder) -> None:
    folder.run()
    before = folder.file("data").read_text()
    folder.outputs["environments"]["data"]["plain"]["COGNITO_CLIENT_ID"] = "another"
    code, out, _ = folder.run("--check")
    assert code == 1
    assert "data.env is stale: `python -m scripts.write_env dev --outputs " in out
    assert folder.file("data").read_text() == before


def test_a_check_misses_a_file_that_is_not_there(folder: Folder) -> None:
    code, out, _ = folder.run("--check")
    assert code == 1
    assert "data.env is not there" in out
    assert not folder.folder.exists()


def test_a_check_tells_files_of_another_stack(folder: Folder) -> None:
    folder.run()
    assert folder.run("--check", stack_name="prod")[0] == 1


def test_a_check_leaves_secrets_in_peace_that_were_asked_for(folder: Folder, secrets: dict[str, str]) -> None:
    folder.run("--secrets")
    assert folder.run("--check")[0] == 0
    assert folder.run("--check", "--secrets")[0] == 0
    secrets[folder.outputs["environments"]["identity"]["secret"]["SESSION_KEYS"]] = "n" * 43
    assert folder.run("--check")[0] == 0
    assert folder.run("--check", "--secrets")[0] == 1


def test_the_document_for_programs_has_names_and_types_and_no_value(folder: Folder, secrets: dict[str, str]) -> None:
    code, out, err = folder.run("--secrets", "--json", "--service", "identity")
    (file,) = json.loads(out)["files"]
    assert (code, file["state"], file["file"]) == (0, "written", str(folder.file("identity")))
    assert {"name": "DATABASE_PORT", "type": "port", "secret": False} in file["variables"]
    assert {"name": "SESSION_KEYS", "type": "keys", "secret": True} in file["variables"]
    assert "5432" not in out
    assert "+DATABASE_PORT=5432" in err


def test_a_value_of_another_type_is_refused(folder: Folder) -> None:
    folder.outputs["environments"]["data"]["plain"] |= {"DATABASE_PORT": "postgres", "LOG_LEVEL": "loud"}
    code, _, err = folder.run()
    assert code == 2
    assert "data: DATABASE_PORT of the stack is no whole number from 1 to 65535" in err
    assert "data: LOG_LEVEL of the stack is none of debug, info, warning, error" in err
    assert not folder.folder.exists()


def test_a_value_that_no_file_can_carry_is_refused(folder: Folder) -> None:
    folder.outputs["environments"]["data"]["plain"]["DATABASE_NAME"] = "o'hara"
    assert "DATABASE_NAME holds a quote" in folder.run()[2]


HOSTILE = (
    "", "nonsense", "0", "-1", "65536", "1.5", "1e3", "ftp://x", "http://a/b", "https://a.example",
    "https://a.example,https://b.example/x", "none", "debug", "local", "require", KEY, "short,keys",
)  # fmt: skip


@pytest.mark.parametrize("service", [service.name for service in catalog.SERVICES])
def test_what_a_service_refuses_is_refused_here_and_nothing_else(
    service: str, folder: Folder, secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.run("--secrets", "--service", service)
    good = folder.values(service)
    become(monkeypatch, good)
    for name in sorted(good):
        for value in HOSTILE:
            monkeypatch.setenv(name, value)
            try:
                refused = not settings_of(service).load()
            except SettingsError:
                refused = True
            assert bool(problem_with(name, value)) == refused, (name, value)
        monkeypatch.setenv(name, good[name])


def test_every_type_is_one_of_a_variable_that_there_is() -> None:
    known = {name for service in catalog.SERVICES for name in settings_of(service.name).env_names()}
    assert TYPES.keys() <= known
    assert type_of("IDENTITY_URL") == "url"
    assert type_of("DATABASE_NAME") == "text"


def test_secrets_come_from_secrets_manager(folder: Folder, manager: Any) -> None:
    told = folder.outputs["environments"]["data"]["secret"]
    arn = manager.create_secret(Name="role", SecretString=json.dumps({"username": "data", "password": KEY}))["ARN"]
    told |= {"DATABASE_USER": f"{arn}:username::", "DATABASE_PASSWORD": f"{arn}:password::"}
    assert folder.run("--secrets", "--service", "data")[0] == 0
    assert folder.values("data").items() >= {"DATABASE_USER": "data", "DATABASE_PASSWORD": KEY}.items()


def test_a_secret_that_may_not_be_read_is_named(folder: Folder, manager: Any) -> None:
    told = folder.outputs["environments"]["data"]["secret"]
    told |= dict.fromkeys(told, f"arn:aws:secretsmanager:{REGION}:123456789012:secret:gone-a1b2c3:password::")
    code, _, err = folder.run("--secrets", "--service", "data")
    assert code == 2
    assert "AWS does not give the secret gone-a1b2c3" in err
    assert "secretsmanager:GetSecretValue" in err


def test_without_credentials_it_says_how_to_get_some(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    code, _, err = folder.run("--secrets", "--service", "data")
    assert code == 2
    assert "sign in with `aws sso login`" in err


def test_a_member_that_a_secret_lacks_is_named(manager: Any) -> None:
    arn = manager.create_secret(Name="odd", SecretString='{"password": "x"}')["ARN"]
    with pytest.raises(SecretReferenceError, match=r"odd-[A-Za-z0-9]+ has no member 'username'"):
        value_of(manager, f"{arn}:username::")


def test_an_older_version_of_a_secret_can_be_meant(manager: Any) -> None:
    made = manager.create_secret(Name="turning", SecretString="first")
    manager.put_secret_value(SecretId="turning", SecretString="second")
    assert value_of(manager, made["ARN"]) == "second"
    assert value_of(manager, f"{made['ARN']}:::{made['VersionId']}") == "first"


def test_secrets_are_not_written_where_git_would_take_them_in(
    folder: Folder, secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.folder.mkdir()
    subprocess.run(["git", "init", "--quiet", str(folder.folder)], check=True)
    code, _, err = folder.run("--secrets", "--service", "data")
    assert code == 2
    assert "is not ignored by git, and secrets would be in it" in err
    assert not folder.file("data").exists()
    (folder.folder / ".gitignore").write_text("*.env\n")
    assert folder.run("--secrets", "--service", "data")[0] == 0


def test_this_repository_takes_no_such_file_in() -> None:
    for file in wanted_files(stack("dev").outputs, [], None):
        write_env.refuse_unless_ignored(file.path)
    for file in wanted_files(stack("dev").outputs, [], ROOT / "somewhere"):
        write_env.refuse_unless_ignored(file.path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"environments": {}}, "The outputs do not say what gateway is told"),
        ({"environments": None}, "The outputs do not say what gateway is told"),
    ],
)
def test_outputs_of_another_shape_are_refused(change: dict[str, Any], told: str, folder: Folder) -> None:
    folder.outputs |= change
    code, _, err = folder.run()
    assert code == 2
    assert told in err


def test_outputs_of_an_older_program_are_refused(folder: Folder) -> None:
    del folder.outputs["environments"]
    code, _, err = folder.run()
    assert code == 2
    assert "has no output environments" in err


def test_an_unknown_service_is_refused_with_those_there_are(folder: Folder) -> None:
    code, _, err = folder.run("--service", "billing")
    assert code == 2
    assert "There is no service billing: name some of gateway, identity, data, frontend, web." in err


def test_a_local_run_that_never_was_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert write_env.main(["local", "--state-dir", str(tmp_path)]) == 2
    assert "start the platform with `make up`" in capsys.readouterr().err


def test_secrets_of_a_local_run_that_stopped_are_not_to_be_had(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "outputs.json").write_text(json.dumps(folder.outputs))
    assert write_env.main(["local", "--state-dir", str(tmp_path), "--secrets", "--dir", str(tmp_path)]) == 2
    assert "The platform is not running, which keeps the secrets" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_named(folder: Folder) -> None:
    folder.folder.write_text("a file")
    code, _, err = folder.run()
    assert code == 2
    assert "Nothing more was written" in err


def test_by_hand_the_local_pool_is_found_by_whoever_talks_to_it(
    folder: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "outputs.json").write_text(json.dumps(folder.outputs))
    (tmp_path / "run.json").write_text(json.dumps({"cognito_url": "http://127.0.0.1:4000"}))
    assert write_env.main(["local", "--state-dir", str(tmp_path), "--dir", str(folder.folder)]) == 0
    assert folder.values("identity")["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"] == "http://127.0.0.1:4000"
    assert not any(name.startswith("AWS_ENDPOINT") for name in folder.values("data"))
