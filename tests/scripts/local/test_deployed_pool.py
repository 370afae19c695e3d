"""`up --cognito STACK`: the pool of a deployed stack, for which a second emulator stands here, and what is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from scripts.accounts.errors import UsersError
from scripts.accounts.stack import local_stack
from scripts.local import cli
from scripts.local.deployed_pool import DeployedPool, callers_environment, find_pool
from scripts.local.engine import rows_cognito, rows_deployed_pool
from scripts.local.errors import LocalRunError
from scripts.local.options import Options
from scripts.local.pool_access import read_pool, services_environment
from scripts.local.processes import free_ports
from scripts.local.registry import Registry
from scripts.local.state import State, read_json
from tests.support.cognito import CognitoServer, UserPool
from tests.support.platform import Platform, run_local, running_platform, state_directory

ORIGIN = "http://localhost:8080"
PASSWORD = "Correct-horse-7-battery"
MARK = "the-callers-own-session"


def outputs_of(pool: UserPool) -> dict[str, str]:
    """What the stack that made the pool would tell."""
    return {
        "region": pool.region,
        "cognito_user_pool_id": pool.id,
        "cognito_user_pool_client_id": pool.client_id,
        "cognito_domain": f"people.auth.{pool.region}.amazoncognito.com",
        "cognito_issuer": pool.issuer,
        "cognito_jwks_url": pool.jwks_url,
    }


def written(folder: Path, outputs: dict[str, Any]) -> Path:
    file = folder / "outputs.json"
    file.write_text(json.dumps(outputs))
    return file


def become_caller(patch: pytest.MonkeyPatch, endpoint: str) -> None:
    """The environment of somebody who may ask for the pool."""
    for name in callers_environment():
        patch.delenv(name)
    patch.setenv("AWS_ACCESS_KEY_ID", "test")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    patch.setenv("AWS_SESSION_TOKEN", MARK)
    patch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", endpoint)


@pytest.fixture(scope="module")
def deployed(cognito_server: CognitoServer) -> UserPool:
    return cognito_server.create_pool()


@pytest.fixture
def pool(deployed: UserPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeployedPool:
    become_caller(monkeypatch, deployed.endpoint)
    return find_pool("dev", written(tmp_path, outputs_of(deployed)))


@pytest.fixture(scope="module")
def platform(deployed: UserPool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    file = written(tmp_path_factory.mktemp("outputs"), outputs_of(deployed))
    with pytest.MonkeyPatch.context() as patch, state_directory() as state_dir:
        become_caller(patch, deployed.endpoint)
        with running_platform(state_dir, "--cognito", "dev", "--cognito-outputs", str(file)) as up:
            yield up


def environments(platform: Platform) -> dict[str, dict[str, str]]:
    """Of each running part by name."""
    entries = Registry(State(platform.state_dir)).entries()
    running = {entry.name: entry.process() for entry in entries}
    return {name: psutil.Process(process.pid).environ() for name, process in running.items() if process}


def test_people_sign_up_and_in_at_the_deployed_pool(platform: Platform, cognito_server: CognitoServer) -> None:
    email = "ada@example.com"
    with httpx.Client(base_url=f"{platform.url}/api/v1", headers={"X-Session": "body"}, timeout=20) as api:
        api.post("auth/signup", json={"email": email, "password": PASSWORD, "name": "Ada"}).raise_for_status()
        code = cognito_server.sent_codes(email)[-1]
        api.post("auth/confirm", json={"email": email, "code": code}).raise_for_status()
        assert api.post("auth/login", json={"email": email, "password": "Wrong-horse-7-battery"}).status_code == 401
        token = api.post("auth/login", json={"email": email, "password": PASSWORD}).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        product = {"name": "Lamp", "price_minor": 4900, "currency": "EUR"}
        assert api.get("users/me", headers=bearer).json()["email"] == email
        assert api.post("products", json=product, headers=bearer).status_code == 201


def test_an_administrator_manages_users_by_the_callers_leave(
    platform: Platform, cognito_server: CognitoServer, deployed: UserPool
) -> None:
    pool = cognito_server.client()
    for email in ("alan@example.com", "eve@example.com"):
        pool.admin_create_user(
            UserPoolId=deployed.id, Username=email, UserAttributes=[{"Name": "email", "Value": email}]
        )
        pool.admin_set_user_password(UserPoolId=deployed.id, Username=email, Password=PASSWORD, Permanent=True)
    pool.admin_add_user_to_group(UserPoolId=deployed.id, Username="alan@example.com", GroupName="admin")
    with httpx.Client(base_url=f"{platform.url}/api/v1", headers={"X-Session": "body"}, timeout=20) as api:

        def sign_in(email: str) -> dict[str, Any]:
            answer: dict[str, Any] = api.post("auth/login", json={"email": email, "password": PASSWORD}).json()
            return answer

        eve = sign_in("eve@example.com")["user"]["id"]
        bearer = {"Authorization": f"Bearer {sign_in('alan@example.com')['access_token']}"}
        assert api.post(f"users/{eve}/disable", headers=bearer, json={}).is_success
    assert not pool.admin_get_user(UserPoolId=deployed.id, Username="eve@example.com")["Enabled"]


def test_no_pool_of_its_own_is_made_anywhere(
    platform: Platform, cognito_server: CognitoServer, deployed: UserPool
) -> None:
    state = State(platform.state_dir)
    names = [pool["Name"] for pool in cognito_server.client().list_user_pools(MaxResults=60)["UserPools"]]
    assert "cognito" not in environments(platform)
    assert not state.cognito.exists()
    assert [name for name in names if not name.startswith("test-")] == []
    assert read_json(state.outputs).items() >= outputs_of(deployed).items()


def test_the_services_are_told_what_they_are_always_told(platform: Platform, deployed: UserPool) -> None:
    identity = environments(platform)["identity"]
    assert identity["COGNITO_USER_POOL_ID"] == deployed.id
    assert identity["COGNITO_CLIENT_SECRET"] == deployed.client_secret
    assert identity["COGNITO_JWKS_URL"] == deployed.jwks_url
    assert identity["AWS_REGION"] == deployed.region


def test_only_the_service_that_talks_to_the_pool_gets_the_callers_leave(platform: Platform, deployed: UserPool) -> None:
    marked = {name for name, environment in environments(platform).items() if MARK in environment.values()}
    assert {"identity"} <= marked <= {"identity", "supervisor"}
    assert deployed.client_secret not in environments(platform)["gateway"].values()


def test_nothing_that_is_kept_holds_the_clients_secret(platform: Platform, deployed: UserPool) -> None:
    kept = list(platform.state_dir.glob("*.json")) + list((platform.state_dir / "logs").iterdir())
    assert [file.name for file in kept if deployed.client_secret in file.read_text(errors="replace")] == []


def test_mail_is_not_to_be_seen_here(platform: Platform) -> None:
    told = run_local(platform.state_dir, "mail")
    assert (told.returncode, told.stderr.strip()) == (
        1,
        "The users are those of dev: its pool really sends its mail.",
    )


def test_users_are_managed_where_they_belong(platform: Platform) -> None:
    with pytest.raises(UsersError, match="are those of dev: name that stack by --stack"):
        local_stack(platform.state_dir)


def test_a_platform_with_other_users_has_to_be_stopped_first(platform: Platform) -> None:
    told = run_local(platform.state_dir, "up", "--detach")
    assert (told.returncode, told.stderr.strip()) == (
        1,
        "The platform is up already, with the users of dev: stop it first with `make down`.",
    )
    assert run_local(platform.state_dir, "up", "--detach", "--cognito", "dev").returncode == 0


def test_the_pool_survives_its_way_to_the_supervisor(pool: DeployedPool, tmp_path: Path) -> None:
    options = Options(state=State(tmp_path), pool=pool)
    assert Options.from_json(options.to_json()).pool == pool


def test_every_row_for_a_pool_has_one_for_a_deployed_pool() -> None:
    assert rows_deployed_pool.ROWS.keys() == rows_cognito.ROWS.keys()
    assert all(row.adopt for row in rows_deployed_pool.ROWS.values())


def test_the_clients_secret_is_not_shown(pool: DeployedPool) -> None:
    access = read_pool(pool, ORIGIN)
    assert access.client_secret
    assert access.client_secret not in repr(access)


def test_a_container_is_given_the_credentials_of_this_moment(
    pool: DeployedPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path / "credentials"
    profile.write_text("[work]\naws_access_key_id = mine\naws_secret_access_key = my-secret\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert services_environment(frozen=False)["AWS_PROFILE"] == "work"
    given = services_environment(frozen=True)
    assert (given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"]) == ("mine", "my-secret")
    assert "AWS_PROFILE" not in given


def refusal(pool: DeployedPool) -> str:
    with pytest.raises(LocalRunError) as raised:
        read_pool(pool, ORIGIN)
    return str(raised.value)


def test_a_pool_that_is_not_there_is_named_with_its_region(pool: DeployedPool) -> None:
    told = refusal(replace(pool, pool_id="eu-central-1_Nowhere00"))
    assert "There is no user pool eu-central-1_Nowhere00" in told
    assert "in eu-central-1" in told
    assert "account" in told


def test_a_client_that_is_not_there_is_named(pool: DeployedPool) -> None:
    assert "the app client nobodysclient" in refusal(replace(pool, client_id="nobodysclient"))


def test_missing_credentials_are_asked_for(pool: DeployedPool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    assert "there are none that work (Unable to locate credentials): sign in with `aws sso login`" in refusal(pool)


def test_an_unknown_profile_is_named(pool: DeployedPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "The config profile (nobody) could not be found" in refusal(pool)


def test_a_pool_that_cannot_be_reached_is_said_so(pool: DeployedPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", f"http://127.0.0.1:{free_ports(1)[0]}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert "Cognito in eu-central-1 cannot be reached" in refusal(pool)


@contextmanager
def answering(code: str, message: str) -> Iterator[str]:
    """A Cognito that refuses whatever it is asked."""

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"__type": code, "message": message}).encode()
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that it has
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("ExpiredTokenException", "AWS does not take your credentials (no.): sign in anew"),
        ("AccessDeniedException", "do not suffice (no.): they need cognito-idp:DescribeUserPool"),
        ("InvalidParameterException", "The user pool of dev cannot be read: InvalidParameterException: no."),
    ],
)
def test_a_refusal_says_what_to_do(code: str, told: str, pool: DeployedPool, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(code, "no.") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", url)
        assert told in refusal(pool)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"GenerateSecret": False, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}, "has no secret"),
        ({"GenerateSecret": True, "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"]}, "does not allow ALLOW_USER_PASSWORD"),
        (
            {
                "GenerateSecret": True,
                "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
                "AllowedOAuthFlowsUserPoolClient": True,
                "AllowedOAuthFlows": ["code"],
                "CallbackURLs": ["https://app.example.com/back", "http://localhost:80801/"],
            },
            "sends users back to https://app.example.com/back, http://localhost:80801/ after signing in, and not to "
            "http://localhost:8080: add that to its callback URLs, or choose the port of one of them with --port",
        ),
    ],
    ids=["no secret", "no flow", "no callback"],
)
def test_a_client_that_nobody_can_sign_in_with_here_is_refused(
    settings: dict[str, Any], told: str, pool: DeployedPool, cognito_server: CognitoServer
) -> None:
    made = cognito_server.client().create_user_pool_client(UserPoolId=pool.pool_id, ClientName="other", **settings)
    assert told in refusal(replace(pool, client_id=made["UserPoolClient"]["ClientId"]))


def test_a_client_that_sends_users_back_here_is_taken(pool: DeployedPool, cognito_server: CognitoServer) -> None:
    made = cognito_server.client().create_user_pool_client(
        UserPoolId=pool.pool_id,
        ClientName="redirecting",
        GenerateSecret=True,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["code"],
        CallbackURLs=[f"{ORIGIN}/back"],
    )["UserPoolClient"]
    assert read_pool(replace(pool, client_id=made["ClientId"]), ORIGIN).client_secret == made["ClientSecret"]


def up(state_dir: Path, *options: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = cli.main(["up", "--state-dir", str(state_dir), *options])
    return code, capsys.readouterr().err


def test_without_the_cli_a_file_with_the_outputs_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, told = up(tmp_path / "state", "--cognito", "dev", capsys=capsys)
    assert code == 1
    assert "need the Pulumi CLI" in told
    assert "with --cognito-outputs" in told


def test_outputs_without_a_pool_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, {"region": "eu-central-1"})
    code, told = up(tmp_path / "state", "--cognito-outputs", str(file), capsys=capsys)
    assert code == 1
    assert "has no output cognito_user_pool_id" in told


def test_outputs_of_two_pools_are_refused(tmp_path: Path, deployed: UserPool) -> None:
    file = written(tmp_path, outputs_of(deployed) | {"cognito_user_pool_id": "eu-central-1_Other0000"})
    with pytest.raises(LocalRunError, match="name the user pool eu-central-1_Other0000, but another one's issuer"):
        find_pool("dev", file)
