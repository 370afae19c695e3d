"""The way into a registry, and that the token stays nowhere."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from scripts.images.errors import ImagesError
from scripts.images.login import basic, docker_config, token_for

HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield


@pytest.mark.usefixtures("aws")
def test_ecr_gives_a_token_for_the_registry_of_its_region() -> None:
    user, _, password = base64.b64decode(token_for(HOST)).decode().partition(":")
    assert user == "AWS"
    assert password


def test_any_other_registry_needs_no_token() -> None:
    assert token_for("127.0.0.1:5000") == ""
    assert basic("") == ""


def test_without_credentials_the_refusal_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    with pytest.raises(ImagesError, match=f"AWS gives no way into {HOST}: .*Are there credentials for the account"):
        token_for(HOST)


def test_the_docker_command_finds_the_token_as_long_as_it_needs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "contexts").mkdir()
    (tmp_path / "config.json").write_text('{"currentContext": "far", "auths": {"other": {"auth": "mine"}}}')
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with docker_config({HOST: "dG9rZW4=", "127.0.0.1:5000": ""}) as environment:
        folder = Path(environment["DOCKER_CONFIG"])
        file = folder / "config.json"
        assert json.loads(file.read_text()) == {"auths": {HOST: {"auth": "dG9rZW4="}}, "currentContext": "far"}
        assert file.stat().st_mode & 0o777 == 0o600
        assert (folder / "contexts").resolve() == tmp_path / "contexts"
    assert not folder.exists()
    assert (tmp_path / "contexts").is_dir()
    assert "dG9rZW4=" not in (tmp_path / "config.json").read_text()


@pytest.mark.parametrize("token", ["no base64!", base64.b64encode(b"user").decode()])
def test_what_is_no_token_is_not_sent_anywhere(token: str) -> None:
    with pytest.raises(ImagesError, match="a token that is no user and password"):
        basic(token)
