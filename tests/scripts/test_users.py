"""The command for users, on a platform that is up: what it shows, makes and mends, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import pytest

from scripts import users
from scripts.accounts.errors import UsersError
from scripts.accounts.reconcile import Differences, mend
from scripts.accounts.stack import local_stack
from tests.support.platform import Platform

if TYPE_CHECKING:
    from scripts.accounts.table import Connection


PASSWORD = "Correct-horse-7-battery"
T = TypeVar("T")


class Commands:
    """The command line on one platform."""

    def __init__(self, platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
        self.platform = platform
        self._capsys = capsys
        self.stack = local_stack(platform.state_dir)
        self.api = httpx.Client(base_url=f"{platform.url}/api/v1", headers={"x-session": "body"}, timeout=20)

    def run(self, *arguments: str) -> tuple[int, str]:
        """The exit code, and what was written."""
        code = users.main(["--state-dir", str(self.platform.state_dir), *arguments])
        written = self._capsys.readouterr()
        return code, written.out + written.err

    def query(self, use: Callable[[Connection], Awaitable[T]]) -> T:
        """Whatever `use` gets from the identity service's schema."""

        async def connected() -> T:
            connection = await self.stack.connect()
            try:
                return await use(connection)
            finally:
                await connection.close()

        return asyncio.run(connected())

    def execute(self, statement: str, *arguments: Any) -> None:
        self.query(lambda connection: connection.execute(statement, *arguments))

    def row(self, user_id: str) -> dict[str, Any]:
        found = self.query(lambda connection: connection.fetchrow("SELECT * FROM users WHERE id = $1", user_id))
        return dict(found) if found else {}

    def join(self) -> tuple[str, dict[str, Any]]:
        """Somebody new: their address, and the answer to their sign-in."""
        email = f"{secrets.token_hex(6)}@example.com"
        asked = {"email": email, "password": PASSWORD, "name": "Ada Lovelace"}
        assert self.api.post("auth/signup", json=asked).status_code == 201
        given = {"email": email, "code": self.platform.mail(email)}
        assert self.api.post("auth/confirm", json=given).status_code == 204
        return email, self.login(email).json()

    def login(self, email: str, password: str = PASSWORD) -> httpx.Response:
        return self.api.post("auth/login", json={"email": email, "password": password})


@pytest.fixture
def commands(platform: Platform, capsys: pytest.CaptureFixture[str]) -> Any:
    found = Commands(platform, capsys)
    with found.api:
        yield found


def test_users_are_listed_newest_first_and_searched(commands: Commands) -> None:
    emails = [commands.join()[0] for _ in range(2)]
    code, text = commands.run("list")
    assert code == 0
    assert text.index(emails[1]) < text.index(emails[0])
    _, found = commands.run("list", emails[0][:8].upper())
    assert [line.split("\t")[1:5] for line in found.splitlines()] == [[emails[0], "Ada Lovelace", "", "CONFIRMED"]]


def test_an_administrator_is_made_and_signs_in_with_the_password_that_was_shown(commands: Commands) -> None:
    email = f"{secrets.token_hex(6)}@example.com"
    code, text = commands.run("create-admin", email, "--name", "Grace", "--print-password")
    assert code == 0
    temporary = text.rstrip().rpartition(" ")[2]
    step = commands.login(email, temporary).json()
    assert step["challenge"] == "NEW_PASSWORD_REQUIRED"
    body = commands.api.post("auth/challenge", json={"session": step["session"], "new_password": PASSWORD}).json()
    assert (body["user"]["name"], body["user"]["groups"]) == ("Grace", ["admin"])


def test_an_administrators_first_password_is_mailed_unless_it_is_shown(commands: Commands) -> None:
    email = f"{secrets.token_hex(6)}@example.com"
    code, text = commands.run("create-admin", email)
    assert (code, "has been mailed" in text) == (0, True)


def test_somebody_who_has_an_account_becomes_an_administrator_and_keeps_the_password(commands: Commands) -> None:
    email, _ = commands.join()
    for _ in range(2):
        code, text = commands.run("create-admin", email.upper())
        assert (code, "keep their password" in text) == (0, True)
    assert commands.login(email).json()["user"]["groups"] == ["admin"]


def test_a_disabled_user_is_out_at_once_and_in_the_list_until_enabled(commands: Commands) -> None:
    email, body = commands.join()
    user_id = body["user"]["id"]
    assert commands.run("disable", email)[0] == 0
    assert commands.login(email).status_code == 401
    assert commands.row(user_id)["enabled"] is False
    withdrawn = commands.query(lambda c: c.fetchval("SELECT not_before FROM user_revocations WHERE id = $1", user_id))
    assert withdrawn > 0
    assert "DISABLED" in commands.run("list", email)[1]
    assert commands.run("enable", user_id)[0] == 0
    assert commands.login(email).status_code == 200
    assert commands.row(user_id)["enabled"] is True


def test_what_differs_is_shown_first_and_mended_on_demand(commands: Commands) -> None:
    commands.run("reconcile", "--apply")
    assert commands.run("reconcile") == (0, "The database says what the pool says.\n")
    missing, changed = commands.join()[1]["user"]["id"], commands.join()[1]["user"]["id"]
    before = commands.row(changed)
    commands.execute("DELETE FROM users WHERE id = $1", missing)
    commands.execute("UPDATE users SET name = 'Nobody', groups = '{admin}', enabled = false WHERE id = $1", changed)
    commands.execute("INSERT INTO users (id, email, name) VALUES ('an-orphan', 'x@example.com', 'X')")
    code, text = commands.run("reconcile")
    assert code == users.DIFFERENT
    assert sorted(line[:3].split()[0] for line in text.splitlines()[:-1]) == ["+", "-", "~"]
    assert "name 'Nobody' -> 'Ada Lovelace', groups ('admin',) -> (), enabled False -> True" in text
    assert commands.row(missing) == {}
    assert commands.row("an-orphan")
    code, text = commands.run("reconcile", "--apply")
    assert (code, text.splitlines()[-1]) == (0, "Mended: 1 added, 1 changed, 1 removed.")
    assert commands.row(missing)["email"].endswith("@example.com")
    assert commands.row(changed) == before
    assert commands.row("an-orphan") == {}
    assert commands.run("reconcile")[0] == 0


def test_whoever_has_not_confirmed_yet_is_not_missed(commands: Commands) -> None:
    commands.run("reconcile", "--apply")
    email = f"{secrets.token_hex(6)}@example.com"
    commands.api.post("auth/signup", json={"email": email, "password": PASSWORD, "name": "Ada"})
    assert commands.run("reconcile")[0] == 0


@pytest.mark.parametrize("command", ["disable", "enable"])
def test_nobody_cannot_be_found(commands: Commands, command: str) -> None:
    assert commands.run(command, "nobody@example.com") == (1, "The pool has no user nobody@example.com.\n")


def test_without_a_platform_one_is_told_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert users.main(["--state-dir", str(tmp_path), "list"]) == 1
    assert "start it with `make up`" in capsys.readouterr().err


def test_a_deployed_stack_is_found_by_a_file_of_its_outputs(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """AWS itself stands for the emulators, through botocore's own variables; the database through a given port."""
    email, _ = commands.join()
    monkeypatch.setenv("AWS_ENDPOINT_URL", commands.stack.endpoints[""])
    monkeypatch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", commands.stack.endpoints["cognito-idp"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(commands.stack.outputs))
    where = ["--outputs", str(outputs), "--database", commands.stack.outputs["database_endpoint"]]
    assert users.main([*where, "disable", email]) == 0
    assert "cannot sign in" in capsys.readouterr().out
    assert users.main(["--outputs", str(outputs), "--database", "127.0.0.1:9", "reconcile"]) == 1
    assert "forward a port" in capsys.readouterr().err


def test_a_file_without_outputs_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "outputs.json"
    broken.write_text("{")
    for path in (broken, tmp_path / "nothing.json"):
        assert users.main(["--outputs", str(path), "list"]) == 1
        assert "holds no outputs" in capsys.readouterr().err


async def test_most_rows_never_go_unasked() -> None:
    found = Differences((), (), tuple(f"user-{number}" for number in range(30)), (), rows=40, owners=0)
    with pytest.raises(UsersError, match="30 of 40 rows have no user: is this the right pool"):
        await mend(None, None, found, delete_many=False)  # type: ignore[arg-type]  # they must not be used


async def test_the_products_of_most_owners_never_go_unasked() -> None:
    found = Differences((), (), (), tuple((f"user-{number}", 1) for number in range(11)), rows=40, owners=20)
    with pytest.raises(UsersError, match="11 of 20 owners of products have no user"):
        await mend(None, None, found, delete_many=False)  # type: ignore[arg-type]  # they must not be used


def test_what_a_user_left_behind_who_was_deleted_in_the_pool_itself_is_removed(commands: Commands) -> None:
    commands.run("reconcile", "--apply")
    email, body = commands.join()
    product = {"name": "Lamp", "price_minor": 100, "currency": "EUR"}
    headers = {"authorization": f"Bearer {body['access_token']}"}
    assert commands.api.post("products", json=product, headers=headers).status_code == 201
    pool, user_id = commands.stack.pool_id, body["user"]["id"]
    commands.stack.cognito().admin_delete_user(UserPoolId=pool, Username=email)
    code, text = commands.run("reconcile")
    assert (code, f"- {user_id}: left 1 product(s) behind" in text) == (users.DIFFERENT, True)
    assert commands.run("reconcile", "--apply")[0] == 0
    assert commands.run("reconcile") == (0, "The database says what the pool says.\n")
