"""The Cognito emulator keeps its users even when it is killed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.local import cognito
from scripts.local.cognito_server import SAVE_AFTER_S
from scripts.local.errors import LocalRunError
from scripts.local.processes import HOST, free_ports, running
from tests.support.cognito import CognitoServer


@contextmanager
def emulator(folder: Path, *, killed: bool = False) -> Iterator[CognitoServer]:
    port = free_ports(1)[0]
    with running(cognito.command(port, folder / "state"), folder / "log") as process:
        cognito.wait(f"http://{HOST}:{port}")
        yield CognitoServer(f"http://{HOST}:{port}")
        if killed:
            time.sleep(3 * SAVE_AFTER_S)
            process.kill()


def test_users_outlive_an_emulator_that_is_killed(tmp_path: Path) -> None:
    email = "ann@example.org"
    with emulator(tmp_path, killed=True) as first:
        pool = first.create_pool()
        first.client().admin_create_user(
            UserPoolId=pool.id, Username=email, UserAttributes=[{"Name": "email", "Value": email}]
        )
        keys = cognito.get_json(pool.jwks_url)
    with emulator(tmp_path) as second:
        users = second.client().list_users(UserPoolId=pool.id)["Users"]
        assert len(users) == 1
        assert cognito.get_json(f"{second.url}/{pool.id}/.well-known/jwks.json") == keys


def test_nobody_else_can_read_users_and_keys(tmp_path: Path) -> None:
    with emulator(tmp_path) as server:
        cognito.get_json(server.create_pool().jwks_url)
    files = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"cognito.json", "cognito-rsa-key.pem"}
    assert [path for path in files if path.stat().st_mode & 0o077] == []


def test_a_silent_emulator_is_named() -> None:
    url = f"http://{HOST}:{free_ports(1)[0]}"
    with pytest.raises(LocalRunError, match=f"{url} does not answer"):
        cognito.wait(url, patience=0.1)


@pytest.mark.parametrize(
    ("text", "code"),
    [("Your code is 123456.", "123456"), ("Your code is 1234567.", ""), ("Welcome", "")],
)
def test_a_mails_code_is_its_six_digits(text: str, code: str) -> None:
    assert cognito.Mail(time="", to="", subject="", text=text).code == code
