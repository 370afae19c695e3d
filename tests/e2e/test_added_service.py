"""A service is added by one entry in the catalog and one folder: nothing else is touched, and it runs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from scripts.local.processes import free_ports
from scripts.local.state import read_json

ROOT = Path(__file__).resolve().parents[2]


ENTRY = """
    Service(
        name="weather",
        port=8099,
        api_paths=(f"{API_PREFIX}/weather",),
        open_paths=(f"{API_PREFIX}/weather/today",),
    ),"""

FOLDER = {
    "__init__.py": "",
    "__main__.py": 'from services.shared.command import main\n\nmain("services.weather")\n',
    "requirements.txt": "-r ../shared/requirements.txt\n",
    "settings.py": "from services.shared.settings import ServiceSettings as Settings\n",
    "app.py": """
from fastapi import APIRouter

from services.catalog import by_name
from services.shared.api import OPENAPI_PATH, create_api
from services.shared.auth import RemoteKeys, verifier
from services.shared.lifecycle import Application, fetching, keys_check

routes = APIRouter(prefix="/api/v1/weather")


@routes.get("/today")
async def today() -> dict[str, str]:
    return {"sky": "clear"}


@routes.get("/tomorrow")
async def tomorrow() -> dict[str, str]:
    return {"sky": "for those who signed in"}


def create(settings):
    open_paths = (*by_name("weather").open_paths, OPENAPI_PATH)
    keys = RemoteKeys(settings.cognito_jwks_url)
    return Application(
        create_api(title="Weather", routers=[routes], open_paths=open_paths),
        verify=verifier(keys, settings.cognito_issuer, settings.cognito_client_id),
        open_paths=open_paths,
        checks={"keys": keys_check(keys)},
        resources=[fetching(keys)],
    )
""",
}


def copy_of_the_project(target: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    shutil.copytree(ROOT / "services/frontend/web/dist", target / "services/frontend/web/dist")
    (target / ".venv").symlink_to(ROOT / ".venv")


def add_the_service(project: Path) -> None:
    catalog = project / "services/catalog.py"
    text = catalog.read_text()
    opening = "SERVICES: tuple[Service, ...] = ("
    assert text.count(opening) == 1
    catalog.write_text(text.replace(opening, opening + ENTRY))
    folder = project / "services/weather"
    folder.mkdir()
    for name, content in FOLDER.items():
        (folder / name).write_text(content)


def run_local(project: Path, *arguments: str) -> None:
    command = [str(ROOT / ".venv/bin/python"), "-m", "scripts.local", *arguments]
    run = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=90, check=False)
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    project = tmp_path_factory.mktemp("project")
    copy_of_the_project(project)
    add_the_service(project)
    try:
        run_local(project, "up", "--detach", "--port", str(free_ports(1)[0]))
        yield read_json(project / ".local/outputs.json")["url"]
    finally:
        run_local(project, "down")


def test_the_added_service_answers_through_edge_and_gateway(url: str) -> None:
    assert httpx.get(f"{url}/api/v1/weather/today").json() == {"sky": "clear"}


def test_the_added_service_is_closed_by_default(url: str) -> None:
    refused = httpx.get(f"{url}/api/v1/weather/tomorrow")
    assert (refused.status_code, refused.json()["code"]) == (401, "token_missing")


def test_the_added_service_is_in_the_merged_document(url: str) -> None:
    assert "/api/v1/weather/tomorrow" in httpx.get(f"{url}/api/v1/openapi.json").json()["paths"]
