"""Settings: every variable that is wrong is named at once, and no value is ever shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from services.catalog import SERVICES, Need
from services.shared.settings import (
    DatabaseSettings,
    MigrationSettings,
    ServiceSettings,
    SessionSettings,
    SettingsError,
    calling,
    load_or_exit,
)

ROOT = Path(__file__).resolve().parents[3]
SECRET = "hush-this-is-a-secret-of-enough-characters"

EVERYTHING = {
    "ENVIRONMENT": "dev",
    "LOG_LEVEL": "info",
    "AWS_REGION": "eu-central-1",
    "COGNITO_USER_POOL_ID": "eu-central-1_Pool",
    "COGNITO_CLIENT_ID": "client",
    "COGNITO_ISSUER": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Pool",
    "COGNITO_JWKS_URL": "http://127.0.0.1:1/jwks.json",
    "COGNITO_CLIENT_SECRET": SECRET,
    "SESSION_KEYS": SECRET,
    "PUBLIC_ORIGIN": "https://app.example.com",
    "DATABASE_HOST": "db.internal",
    "DATABASE_PORT": "5432",
    "DATABASE_NAME": "sri",
    "DATABASE_USER": "data",
    "DATABASE_PASSWORD": SECRET,
    "DATABASE_TLS": "verify-full",
    "DATABASE_POOL_SIZE": "8",
    "SERVICE_DATABASE_USER": "data",
    "SERVICE_DATABASE_PASSWORD": SECRET,
}


class Everything(ServiceSettings, SessionSettings, DatabaseSettings):
    """A service with every need."""


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with all variables set."""
    for name, value in EVERYTHING.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def complaints(settings: type[ServiceSettings | MigrationSettings]) -> str:
    with pytest.raises(SettingsError) as caught:
        settings.load()
    return str(caught.value)


def test_settings_come_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    settings = Everything.load()
    assert (settings.aws_region, settings.database_port) == ("eu-central-1", 5432)
    assert settings.database_password.get_secret_value() == SECRET


def test_variables_of_no_field_are_ignored(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SOMETHING_ELSE", "x")
    Everything.load()


@pytest.mark.parametrize("name", sorted(Everything.env_names()))
def test_a_missing_variable_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)
    assert complaints(Everything) == f"{name} is not set: set this environment variable and start again"


@pytest.mark.parametrize("name", sorted(Everything.env_names()))
def test_an_empty_variable_counts_as_missing(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.setenv(name, "")
    assert complaints(Everything).startswith(f"{name} is not set")


def test_all_wrong_variables_are_named_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("AWS_REGION")
    environment.setenv("DATABASE_PORT", "0")
    assert [line.split()[0] for line in sorted(complaints(Everything).splitlines())] == ["AWS_REGION", "DATABASE_PORT"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "staging"),
        ("LOG_LEVEL", "INFO"),
        ("LOG_LEVEL", "trace"),
        ("COGNITO_ISSUER", "cognito-idp.amazonaws.com"),
        ("COGNITO_JWKS_URL", "file:///etc/passwd"),
        ("PUBLIC_ORIGIN", "app.example.com"),
        ("PUBLIC_ORIGIN", "https://app.example.com/path"),
        ("DATABASE_PORT", "65536"),
        ("DATABASE_PORT", "port"),
        ("DATABASE_TLS", "verify-ca"),
        ("DATABASE_POOL_SIZE", "0"),
        ("DATABASE_POOL_SIZE", "many"),
        ("SESSION_KEYS", "short"),
        ("SESSION_KEYS", f"{SECRET},short"),
        ("SESSION_KEYS", f"{SECRET},"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_the_variables_name(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    complaint = complaints(Everything)
    assert complaint.startswith(f"{name} is not valid: ")
    assert "\n" not in complaint


def test_no_complaint_and_no_text_of_settings_shows_a_secret(environment: pytest.MonkeyPatch) -> None:
    assert SECRET not in repr(Everything.load())
    environment.setenv("SESSION_KEYS", "x" * 31)
    environment.setenv("DATABASE_TLS", SECRET)
    complaint = complaints(Everything)
    assert "x" * 31 not in complaint
    assert SECRET not in complaint


def test_several_session_keys_are_told_apart(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SESSION_KEYS", f"{'a' * 43},{'b' * 43}")
    assert Everything.load().session_key_texts == ["a" * 43, "b" * 43]


def test_an_address_loses_its_trailing_slash(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PUBLIC_ORIGIN", "https://app.example.com/")
    assert Everything.load().public_origin == "https://app.example.com"


def test_settings_do_not_change(environment: pytest.MonkeyPatch) -> None:
    settings = Everything.load()
    with pytest.raises(ValueError, match="frozen"):
        settings.aws_region = "elsewhere"  # type: ignore[misc]


def test_a_caller_reads_the_address_of_each_service_it_calls(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("BILLING_URL", "http://127.0.0.1:1/")
    caller = calling(["BILLING_URL"])
    assert caller.env_names() == {"BILLING_URL"}
    assert caller.load().url("BILLING_URL") == "http://127.0.0.1:1"


def test_wrong_settings_end_the_process_with_2_and_no_traceback(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.delenv("AWS_REGION")
    with pytest.raises(SystemExit) as ended:
        load_or_exit(Everything)
    assert ended.value.code == 2
    assert capsys.readouterr().err == "AWS_REGION is not set: set this environment variable and start again\n"


COMMANDS = [(service.name, "serve", "--port", "1") for service in SERVICES] + [
    (service.name, "migrate") for service in SERVICES if Need.DATABASE in service.needs
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_of_every_service_says_what_it_lacks(command: tuple[str, ...]) -> None:
    service, *rest = command
    run = subprocess.run(
        [sys.executable, "-m", f"services.{service}", *rest],
        cwd=ROOT, env={}, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert run.returncode == 2
    lines = run.stderr.splitlines()
    assert "LOG_LEVEL is not set: set this environment variable and start again" in lines
    assert all(line.endswith("set this environment variable and start again") for line in lines)


@pytest.mark.parametrize("service", [service.name for service in SERVICES if Need.DATABASE not in service.needs])
def test_a_service_without_a_database_has_nothing_to_migrate(service: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", f"services.{service}", "migrate"],
        cwd=ROOT, env={}, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert run.returncode == 2
    assert "invalid choice: 'migrate'" in run.stderr
