"""The walk through a platform: on one that is well, on ones that are not, and what it leaves behind (nothing)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts import smoke
from scripts.accounts.pool import Pool
from scripts.accounts.stack import local_stack
from scripts.delivery import throwaway
from scripts.delivery.totp import Authenticator
from tests.support.platform import Platform
from tests.support.spoilt import spoilt
from tests.support.totp import totp

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Smoke:
    """The command on one platform, which it finds as if it were deployed: by its outputs and botocore's variables."""

    platform: Platform
    folder: Path
    capsys: pytest.CaptureFixture[str]

    def outputs(self, **changed: Any) -> Path:
        file = self.folder / "outputs.json"
        found = json.loads((self.platform.state_dir / "outputs.json").read_text())
        file.write_text(json.dumps({**found, **changed}))
        return file

    def run(self, *arguments: str, **changed: Any) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        code = smoke.main(["dev", "--outputs", str(self.outputs(**changed)), "--wait", "0", *arguments])
        return code, *self.capsys.readouterr()

    def left(self) -> list[str]:
        """Throw-away users that are still in the pool."""
        accounts = Pool(local_stack(self.platform.state_dir)).accounts()
        return [account.email for account in accounts if account.email.startswith("smoke-")]


@pytest.fixture
def command(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Smoke:
    endpoints = local_stack(platform.state_dir).endpoints
    monkeypatch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", endpoints["cognito-idp"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return Smoke(platform, tmp_path, capsys)


def test_every_step_goes_well_on_a_platform_that_is_well(command: Smoke) -> None:
    code, said, aside = command.run("--json")
    document = json.loads(said)
    assert (code, document["ok"], document["message"]) == (0, True, "All 13 steps went well.")
    assert [step["step"] for step in document["steps"]] == [
        "reach the web app", "make a user", "sign in", "see oneself", "create a product", "get the product",
        "list products", "delete the product", "be refused without a token", "be refused with a tampered token",
        "refresh the session", "sign out", "be refused after signing out",
    ]  # fmt: skip
    assert all(step["error"] == "" for step in (*document["steps"], *document["cleanup"]))
    assert "ok" in aside
    assert command.left() == []


def test_an_address_that_does_not_answer_ends_it_before_a_user_is_made(command: Smoke) -> None:
    code, said, complaints = command.run(url="http://127.0.0.1:9")
    assert code == 1
    assert "http://127.0.0.1:9 does not answer" in complaints
    assert "make a user" not in said
    assert "delete the user" not in said


def test_another_page_than_the_web_app_is_not_taken_for_it(command: Smoke) -> None:
    def parked(_method: str, _path: str, _good: httpx.Response) -> httpx.Response:
        return httpx.Response(404, text="parked", headers={"content-type": "text/html"})

    with spoilt(command.platform, parked) as url:
        code, _, complaints = command.run(url=url)
    assert code == 1
    assert f"reach the web app: {url} answered 404, expected 200 and a page" in complaints


def test_a_platform_that_lets_nobody_in_fails_and_keeps_no_user(command: Smoke) -> None:
    """It cannot delete the account either: then the pool does."""
    refusal = {"code": "pool_unavailable", "request_id": "r-1", "status": 503}

    def closed(_method: str, path: str, good: httpx.Response) -> httpx.Response:
        return httpx.Response(503, json=refusal) if path.endswith("/auth/login") else good

    with spoilt(command.platform, closed) as url:
        code, said, complaints = command.run(url=url)
    assert code == 1
    wanted = "sign in: POST /api/v1/auth/login answered 503 (pool_unavailable, request r-1), expected 200"
    assert wanted in complaints
    assert "`python -m scripts.users reconcile`" in complaints
    assert "see oneself" not in said
    assert command.left() == []


@pytest.mark.parametrize(
    ("asked", "answer", "failure"),
    [
        (
            "GET /api/v1/users/me",
            (200, {"email": "eve@example.com"}),
            "see oneself: GET /api/v1/users/me answered with somebody else",
        ),
        ("GET /api/v1/users/me", (200, {}), "see oneself: GET /api/v1/users/me answered without email"),
        (
            "POST /api/v1/products",
            (500, {}),
            "create a product: POST /api/v1/products answered 500, expected 201",
        ),
        (
            "GET /api/v1/products",
            (200, {"items": []}),
            "list products: GET /api/v1/products does not list the product that was just created",
        ),
        (
            "GET /api/v1/products",
            (200, {"items": [None]}),
            "list products: AttributeError: 'NoneType' object has no attribute 'get'",
        ),
        (
            "GET /api/v1/users/me",
            None,
            "be refused without a token: GET /api/v1/users/me answered 200, expected 401",
        ),
    ],
)
def test_a_wrong_answer_is_named_and_everything_is_cleaned_up(
    command: Smoke, asked: str, answer: tuple[int, Any] | None, failure: str
) -> None:
    def spoil(method: str, path: str, good: httpx.Response) -> httpx.Response:
        if f"{method} {path}" != asked:
            return good
        if answer is None:  # whatever is refused is answered
            return httpx.Response(200, json={}) if good.status_code == 401 else good
        return httpx.Response(answer[0], json=answer[1])

    with spoilt(command.platform, spoil) as url:
        code, said, complaints = command.run(url=url)
    assert code == 1
    assert f"The walk failed: {failure}." in complaints
    assert "delete the account" in said
    assert command.left() == []


def test_stopping_it_cleans_up_as_well(command: Smoke) -> None:
    def slow(_method: str, path: str, good: httpx.Response) -> httpx.Response:
        if path.endswith("/products"):
            (command.folder / "walking").touch()
            time.sleep(1)
        return good

    with spoilt(command.platform, slow) as url:
        arguments = ["dev", "--outputs", str(command.outputs(url=url)), "--json"]
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.smoke", *arguments],
            cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        while not (command.folder / "walking").exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        said, complaints = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Stopped by hand; cleaning up." in complaints
    assert [step["step"] for step in json.loads(said)["cleanup"]] == [
        "delete the account",
        "delete the user",
        "hang up",
    ]
    assert command.left() == []


def test_no_password_or_token_is_shown(command: Smoke, monkeypatch: pytest.MonkeyPatch) -> None:
    user = throwaway.Throwaway.new()
    monkeypatch.setattr(throwaway.Throwaway, "new", lambda: user)
    tokens: list[str] = []

    def listening(_method: str, path: str, good: httpx.Response) -> httpx.Response:
        if path.endswith(("/auth/login", "/auth/refresh")) and good.status_code == 200:
            tokens.extend(value for name, value in good.json().items() if name.endswith("_token"))
        return httpx.Response(500, json={}) if path.endswith("/auth/logout") else good

    with spoilt(command.platform, listening) as url:
        code, said, complaints = command.run(url=url)
    assert code == 1
    assert len(tokens) >= 4
    assert not [secret for secret in (user.password, *tokens) if secret in said + complaints]


def test_without_outputs_it_cannot_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert smoke.main(["dev", "--outputs", str(tmp_path / "nothing.json")]) == 2
    assert "holds no outputs" in capsys.readouterr().err
    (tmp_path / "outputs.json").write_text("{}")
    assert smoke.main(["dev", "--outputs", str(tmp_path / "outputs.json"), "--json"]) == 2
    written = capsys.readouterr()
    assert "has no output url" in written.err
    assert json.loads(written.out)["ok"] is False


def test_the_local_run_is_found_by_its_name(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("SRI_STATE_DIR", str(tmp_path))
    assert smoke.main(["local"]) == 2
    assert "start it with `make up`" in capsys.readouterr().err


def test_codes_for_a_pool_that_demands_them_are_those_of_any_app(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    now = [1_111_111_109.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    app = Authenticator(secret)
    assert app.code() == totp(secret) == "081804"  # RFC 6238, appendix B
    first = now[0]
    assert app.code() == totp(secret)
    assert now[0] > first  # the pool takes each code once
