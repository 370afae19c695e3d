"""The containers that `docker compose up` starts are those of the task definitions."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from image_builds import CpuArchitecture, ImageSources, image_build
from scripts import compose
from services import catalog
from tests.support.stacks import LOCAL, ROOT, ContainerDefinition, stack

NAMES = [service.name for service in catalog.SERVICES]


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """The services of the file in the repository."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services: dict[str, Any] = content["services"]
    return services


@pytest.fixture(scope="module")
def tasks() -> dict[str, ContainerDefinition]:
    """The task definitions of the local tier, on the ports of the catalog."""
    local = {**LOCAL, "ports": {service.name: service.port for service in catalog.SERVICES}}
    return {task.service: task for task in stack("local", local=local).containers() if task.kind == "serve"}


def test_the_file_is_the_one_that_the_list_of_services_gives() -> None:
    assert compose.main(["--check"]) == 0


def test_a_file_that_is_out_of_date_is_told_with_the_way_to_mend_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compose, "FILE", tmp_path / "compose.yaml")
    assert compose.main(["--check"]) == 1
    assert "`make compose` writes it" in capsys.readouterr().err
    assert compose.main([]) == 0
    assert compose.main(["--check"]) == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_container_runs_as_its_task_definition_says(
    name: str, described: dict[str, Any], tasks: dict[str, ContainerDefinition]
) -> None:
    service, task = described[name], tasks[name].definition
    assert service["command"] == task["command"]
    assert service["user"] == task["user"]
    assert service["read_only"] is task["readonlyRootFilesystem"] is True
    assert service["cap_drop"] == task["linuxParameters"]["capabilities"]["drop"]
    assert service["init"] is task["linuxParameters"]["initProcessEnabled"]
    assert service["stop_grace_period"] == f"{task['stopTimeout']}s"


@pytest.mark.parametrize("name", NAMES)
def test_a_container_is_built_as_the_image_that_is_deployed(name: str, described: dict[str, Any]) -> None:
    sources = ImageSources(rds_certificates="services/shared/requirements.txt")
    build, found = image_build(ROOT, name, CpuArchitecture.X86_64, sources), described[name]["build"]
    assert (found["target"], found["args"]) == (build.target, dict(build.given))
    assert found["dockerfile"] == "services/Dockerfile"


@pytest.mark.parametrize("name", NAMES)
def test_a_container_is_told_nothing_but_what_the_platform_wrote_down(name: str, described: dict[str, Any]) -> None:
    service = described[name]
    assert "environment" not in service
    assert "env_file" not in service
    assert f"{compose.ENVIRONMENTS}/{name}.env" in described["platform"]["healthcheck"]["test"][1]
    assert f"environments:{compose.ENVIRONMENTS}:ro" in service["volumes"]


def test_the_environment_is_in_force_before_the_command_begins(
    tmp_path: Path, described: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data.env").write_text("PLAIN=a\nHARD='it'\"'\"'s $HOME `id`'\n")
    shell = [part.replace("$$", "$") for part in described["data"]["entrypoint"]]
    shell[2] = shell[2].replace(compose.ENVIRONMENTS, str(tmp_path))
    done = subprocess.run(
        [*shell, "sh", "-c", 'echo "$PLAIN $HARD"'], capture_output=True, text=True, check=True, timeout=10
    )
    assert done.stdout == "a it's $HOME `id`\n"


def test_nothing_is_published_beyond_this_machine_and_no_secret_stands_in_the_file(described: dict[str, Any]) -> None:
    published = [port for service in described.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:8080:8080"]
    text = (ROOT / "compose.yaml").read_text().lower()
    assert not [word for word in ("password", "secret", "token", "key:") if word in text]


@pytest.mark.parametrize("name", NAMES)
def test_a_change_of_code_reaches_the_container(name: str, described: dict[str, Any]) -> None:
    service = described[name]
    watched = {rule["path"]: rule["action"] for rule in service["develop"]["watch"]}
    assert watched["./services/shared"] == "restart"
    assert "./services/shared:/app/services/shared:ro" in service["volumes"]
    mounted = f"./services/{name}:/app/services/{name}:ro" in service["volumes"]
    assert watched[f"./services/{name}"] == ("restart" if mounted else "rebuild")
