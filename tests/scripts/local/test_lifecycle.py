"""Starting, keeping and stopping a platform, with a tiny program and the real command."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from scripts.local.lock import is_held
from scripts.local.postgres import Server
from scripts.local.processes import free_ports
from scripts.local.registry import SUPERVISOR, Registry
from scripts.local.state import REPOSITORY, State, read_json
from tests.support.cognito import CognitoServer
from tests.support.platform import run_local, state_directory

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef

TINY = Path(__file__).with_name("tiny")


@pytest.fixture(scope="module")
def state() -> Iterator[State]:
    with state_directory() as folder:
        yield State(folder)


@pytest.fixture
def up(state: State) -> State:
    """A platform that is up, left by an earlier test or started now."""
    if not is_held(state):
        started = run_local(state.root, "up", "--detach", "--program", str(TINY))
        assert started.returncode == 0, started.stderr
    return state


def ask(state: State) -> dict[str, Any]:
    """What the service behind the front door tells."""
    with urllib.request.urlopen(read_json(state.outputs)["url"], timeout=5) as answer:  # noqa: S310
        content: dict[str, Any] = json.load(answer)
    return content


def processes(state: State) -> dict[str, psutil.Process]:
    """The running parts by name."""
    found = {entry.name: entry.process() for entry in Registry(state).entries()}
    return {name: process for name, process in found.items() if process}


def eventually(check: Callable[[], bool], patience: float = 20) -> None:
    deadline = time.monotonic() + patience
    while not check():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def answers(state: State) -> bool:
    try:
        return bool(ask(state))
    except OSError:
        return False


def log_of(state: State) -> str:
    return state.log(SUPERVISOR).read_text()


def all_gone(parts: dict[str, psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in parts.values())


async def run_in_database(state: State, statement: str) -> None:
    port = read_json(state.run)["ports"]["postgres"]
    password = state.kept_secret("postgres-superuser") or ""
    connection = await Server("127.0.0.1", port, "postgres", password).connect("tiny")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def users(state: State) -> CognitoIdentityProviderClient:
    return CognitoServer(read_json(state.run)["cognito_url"]).client()


def test_a_service_runs_with_the_environment_of_its_task_definition_and_little_else(up: State) -> None:
    environment = ask(up)["environment"]
    assert environment["COLOUR"] == "red"
    assert len(environment["KEY"]) == 43
    assert environment["AWS_REGION"] == "eu-central-1"
    assert "VIRTUAL_ENV" not in environment
    assert "PYTEST_CURRENT_TEST" not in environment


def test_a_second_start_says_where_the_platform_is(up: State) -> None:
    again = run_local(up.root, "up")
    assert again.returncode == 0
    assert f"is up already: {read_json(up.outputs)['url']}" in again.stdout


def test_the_outputs_are_kept_without_secrets(up: State) -> None:
    shown = json.loads(run_local(up.root, "outputs", "--json").stdout)
    assert shown["key"] == "[secret]"
    assert run_local(up.root, "outputs", "pool").stdout.strip() == shown["pool"]
    assert run_local(up.root, "outputs", "size").stderr.startswith("There is no output 'size'; there are: database,")


def test_what_is_kept_for_later_runs_is_readable_by_nobody_else(up: State) -> None:
    assert up.secrets.stat().st_mode & 0o777 == 0o600
    assert up.logs.stat().st_mode & 0o777 == 0o700


def test_the_logs_of_all_parts_are_one_stream_with_names(up: State) -> None:
    merged = run_local(up.root, "logs").stdout
    assert re.search(r"^gateway +\| serving$", merged, re.MULTILINE)
    assert re.search(r"^postgres +\| .*ready to accept connections", merged, re.MULTILINE)
    assert run_local(up.root, "logs", "gateway").stdout.startswith("gateway | ")
    assert run_local(up.root, "logs", "nobody").stderr.startswith("There is no log of 'nobody'; there are: cognito, ")


def test_a_sent_code_can_be_asked_for(up: State) -> None:
    client, pool = users(up), read_json(up.outputs)["pool"]
    app = client.create_user_pool_client(UserPoolId=pool, ClientName="mail")["UserPoolClient"]["ClientId"]
    email = "ann@example.org"
    attributes: list[AttributeTypeTypeDef] = [{"Name": "email", "Value": email}]
    client.sign_up(ClientId=app, Username=email, Password="Correct-Horse-9", UserAttributes=attributes)
    code = run_local(up.root, "mail", "--code", "Ann@example.org").stdout.strip()
    assert len(code) == 6
    assert f"ann@example.org\tYour verification code\t{code}" in run_local(up.root, "mail").stdout
    assert json.loads(run_local(up.root, "mail", "--json").stdout)[-1]["code"] == code
    assert run_local(up.root, "mail", "--code", "bob@example.org").stderr == "No code was sent to bob@example.org.\n"


def test_forgetting_everything_is_refused_while_the_platform_runs(up: State) -> None:
    refused = run_local(up.root, "reset")
    assert refused.returncode == 1
    assert "stop it first with `make down`" in refused.stderr
    assert up.secrets.exists()


def test_a_service_that_is_killed_is_named_and_started_again(up: State) -> None:
    first = ask(up)["pid"]
    psutil.Process(first).kill()
    eventually(lambda: answers(up) and ask(up)["pid"] != first)
    assert "gateway was ended by signal SIGKILL; it is started again at once." in log_of(up)
    assert "gateway is ready again." in log_of(up)


def test_an_emulator_that_is_killed_comes_back_with_its_users(up: State) -> None:
    pool = read_json(up.outputs)["pool"]
    eventually(lambda: "cognito.json" in [path.name for path in up.cognito.iterdir()])
    processes(up)["cognito"].kill()
    eventually(lambda: "cognito is ready again." in log_of(up))
    assert users(up).describe_user_pool(UserPoolId=pool)["UserPool"]["Id"] == pool


def test_the_loss_of_the_control_plane_is_told_and_harms_nobody(up: State) -> None:
    processes(up)["control-plane"].kill()
    eventually(lambda: "control-plane was ended by signal SIGKILL. Nothing that users see depends on it" in log_of(up))
    assert answers(up)


def test_users_rows_secrets_and_ports_outlive_a_stop_and_a_crash(up: State) -> None:
    before, ports, key = read_json(up.outputs), read_json(up.run)["ports"], ask(up)["environment"]["KEY"]
    asyncio.run(run_in_database(up, "CREATE TABLE IF NOT EXISTS kept ()"))
    parts = processes(up)
    parts[SUPERVISOR].kill()
    parts[SUPERVISOR].wait(5)
    assert not all_gone(parts)
    started = run_local(up.root, "up", "--detach", "--program", str(TINY))
    assert "tidied up" in started.stdout, started.stderr
    assert all_gone(parts)
    assert read_json(up.outputs) == before
    assert read_json(up.run)["ports"] == ports
    assert ask(up)["environment"]["KEY"] == key
    asyncio.run(run_in_database(up, "SELECT FROM kept"))


def test_after_a_stop_nothing_is_left(up: State) -> None:
    parts = processes(up)
    assert {"gateway", "cognito", "postgres", SUPERVISOR} <= set(parts)
    stopped = run_local(up.root, "down")
    assert stopped.stdout == "The platform is stopped.\n"
    assert all_gone(parts)
    assert run_local(up.root, "down").stdout == "The platform is not running.\n"
    assert run_local(up.root, "mail").stderr == "The platform is not running: start it with `make up`.\n"


@contextmanager
def in_foreground(state: State, until: str) -> Iterator[subprocess.Popen[str]]:
    """`up` without --detach, once it has said `until`."""
    command = [sys.executable, "-m", "scripts.local", "up", "--state-dir", str(state.root), "--program", str(TINY)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, process_group=0) as process:
        assert process.stdout
        assert any(until in line for line in process.stdout)
        yield process


@pytest.mark.parametrize(("until", "code"), [("postgres", 130), ("Ctrl-C stops it.", 0)], ids=["early", "late"])
def test_ctrl_c_leaves_nothing(state: State, until: str, code: int) -> None:
    with in_foreground(state, until) as process:
        parts = processes(state)
        assert "postgres" in parts
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == code
    assert all_gone(parts)
    assert not processes(state)


def test_a_stop_ends_what_a_killed_supervisor_left_behind(state: State) -> None:
    with in_foreground(state, "postgres") as process:
        parts = processes(state)
        process.kill()
    assert not all_gone({name: part for name, part in parts.items() if name != SUPERVISOR})
    assert run_local(state.root, "down").stdout.startswith("Stopped what an earlier run left behind: ")
    assert all_gone(parts)


@pytest.fixture
def changed_program(tmp_path: Path) -> Callable[[str, str], Path]:
    """The tiny program with one word changed."""

    def change(old: str, new: str) -> Path:
        program = shutil.copytree(TINY, tmp_path / "changed")
        for file in program.iterdir():
            if file.is_file():
                file.write_text(file.read_text().replace(old, new))
        return program

    return change


def failed_start(state: State, program: Path) -> str:
    """What is told when the platform does not start; nothing may be left of it."""
    started = run_local(state.root, "up", "--detach", "--program", str(program))
    assert started.returncode == 1
    assert not processes(state)
    return started.stderr


def test_a_service_that_does_not_start_is_told_with_its_last_lines(
    state: State, changed_program: Callable[[str, str], Path]
) -> None:
    told = failed_start(state, changed_program("mode: serve", "mode: refuse"))
    assert told.startswith("gateway ended with exit code 1 before it was ready. Its last lines (")
    assert told.endswith("    I need more salt\n")


def test_what_the_program_refuses_is_told_in_its_own_words(
    state: State, changed_program: Callable[[str, str], Path]
) -> None:
    told = failed_start(state, changed_program('require("mode")', 'require("taste")'))
    assert "tiny:taste" in told
    assert "Traceback" not in told


def test_a_given_port_that_is_taken_is_told_with_the_way_out(state: State) -> None:
    port = free_ports(1)[0]
    with socket.create_server(("127.0.0.1", port)):
        started = run_local(state.root, "up", "--port", str(port), "--program", str(TINY))
    assert started.returncode == 1
    assert started.stderr.startswith(f"Port {port} is taken by another program: ")


def test_forgetting_everything_leaves_no_trace(state: State) -> None:
    assert state.secrets.exists()
    assert run_local(state.root, "reset").returncode == 0
    assert not state.root.exists()
    assert run_local(state.root, "reset").stdout == "There is nothing to forget.\n"
