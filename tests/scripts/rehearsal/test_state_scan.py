"""Secrets in clear text in a state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.rehearsal import state_scan
from scripts.rehearsal.state_scan import SECRET, SIGNATURE, count_secrets, find_secrets


def secret(value: Any) -> dict[str, str]:
    return {SIGNATURE: SECRET, "plaintext": json.dumps(value)}


def state(**outputs: Any) -> dict[str, Any]:
    resource = {"urn": "urn:pulumi:dev::sri::aws:a/b:C::it", "id": "id-of-it-1234", "outputs": outputs}
    return {"deployment": {"resources": [resource]}}


PASSWORD = "Correct-horse-7"


def test_a_marked_secret_is_no_leak() -> None:
    assert find_secrets(state(password=secret(PASSWORD), name="it"), {}) == []
    assert count_secrets(state(password=secret(PASSWORD), nested=[{"a": secret(1)}])) == 2


@pytest.mark.parametrize(
    "elsewhere",
    [
        PASSWORD,
        f"postgres://user:{PASSWORD}@host",
        {"deep": [{"er": PASSWORD}]},
        json.dumps([{"environment": [{"name": "DATABASE_PASSWORD", "value": PASSWORD}]}]),
    ],
    ids=["alone", "inside a text", "deep", "inside JSON"],
)
def test_a_secret_that_stands_in_clear_text_elsewhere_is_found(elsewhere: Any) -> None:
    (line, *_) = find_secrets(state(password=secret(PASSWORD), copy=elsewhere), {})
    assert line.startswith("it (aws:a/b:C) outputs.copy")
    assert "holds in clear text the secret of it (aws:a/b:C) outputs.password" in line
    assert PASSWORD not in line


def test_a_secret_that_only_the_service_knows_is_found() -> None:
    (line,) = find_secrets(state(note=f"it is {PASSWORD}"), {"the role's password": PASSWORD})
    assert line.endswith("outputs.note: holds in clear text the secret of the role's password")


@pytest.mark.parametrize("name", ["password", "clientSecret", "SESSION_KEYS", "apiKey", "authToken"])
def test_what_is_named_like_a_secret_must_be_marked_as_one(name: str) -> None:
    (line,) = find_secrets(state(**{name: "something"}), {})
    assert line.endswith(f"outputs.{name}: is named like a secret and not marked as one")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("secretArn", "arn:aws:secretsmanager:us-east-1:1:secret:x"),
        ("password", "arn:aws:secretsmanager:us-east-1:1:secret:x"),
        ("generateSecret", True),
        ("generateSecret", "true"),
        ("accessToken", "minutes"),
        ("passwordPolicy", "long"),
        ("explicitAuthFlows", ["ALLOW_USER_PASSWORD_AUTH"]),
    ],
)
def test_what_only_speaks_of_secrets_is_no_leak(name: str, value: Any) -> None:
    assert find_secrets(state(**{name: value}), {}) == []


def test_an_id_that_somebody_marked_is_no_secret() -> None:
    assert find_secrets(state(a=secret("id-of-it-1234"), b="id-of-it-1234"), {}) == []


def test_a_file_of_the_backend_that_holds_a_secret_is_named(tmp_path: Path) -> None:
    (tmp_path / "history").mkdir()
    (tmp_path / "history/dev.json").write_text(f'{{"a": "{PASSWORD}"}}')
    (line,) = find_secrets(state(a=secret(PASSWORD)), {}, tmp_path)
    assert line.startswith("the file history/dev.json holds in clear text the secret of it")


def test_a_providers_own_notes_are_not_looked_for() -> None:
    assert [*state_scan.marked({"__notes": secret("not ours"), "a": secret("ours")})] == [("a", "ours")]
