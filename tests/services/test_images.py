"""The images themselves: what runs in them, what is in them, and what is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

from scripts import build_and_push
from services import catalog
from tests.support.docker import base_images, docker, require_engine
from tests.support.image_registry import serving

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

NAMES = [service.name for service in catalog.SERVICES]
SECRETS = re.compile(r"password|secret_|_secret|token=|AKIA[0-9A-Z]{16}|BEGIN [A-Z ]*PRIVATE KEY", re.IGNORECASE)
COMPILERS = ("gcc", "cc", "g++", "c++", "clang", "as", "ld", "make", "rustc", "go", "node", "npm")
SCAN = """
import json, os, re, stat, sys
own = ("/app", "/opt")
found = {name: [] for name in ("writable", "uncompiled", "tests", "leftovers", "secrets", "setuid")}
found["uid"] = os.getuid()
for top in own:
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if os.access(path, os.W_OK) and not stat.S_ISLNK(mode):
                found["writable"].append(path)
            if mode & (stat.S_ISUID | stat.S_ISGID):
                found["setuid"].append(path)
            if name in ("tests", "test") or (top == "/app" and name.startswith("test_")):
                found["tests"].append(path)
            if name in ("pip", "setuptools", "wheel", "node_modules", ".env", ".cache", ".git", ".npmrc", "pip.conf"):
                found["leftovers"].append(path)
        for name in files:
            path = os.path.join(folder, name)
            if name.endswith(".py") and top == "/app":
                stem, _ = os.path.splitext(name)
                if not any(c.startswith(stem + ".") for c in os.listdir(os.path.join(folder, "__pycache__"))):
                    found["uncompiled"].append(path)
            if os.path.islink(path):
                continue
            with open(path, "rb") as file:
                if re.search(rb"AKIA[0-9A-Z]{16}|BEGIN [A-Z ]*PRIVATE KEY-----\\\\n[A-Za-z0-9+/]{60}", file.read()):
                    found["secrets"].append(path)
try:
    open("/app/left", "w")
    found["wrote"] = True
except OSError:
    found["wrote"] = False
found["home"] = [name for name in ("/root/.cache", "/root/.npm", "/root/.docker") if os.path.exists(name)]
commands = sys.argv[1].split(",")
places = [p for p in os.environ["PATH"].split(":") if os.path.isdir(p)]
found["compilers"] = [f"{p}/{c}" for p in places for c in commands if os.path.exists(f"{p}/{c}")]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Service -> reference by digest of its image, built, pushed to a registry here and pulled from it."""
    require_engine()
    folder = tmp_path_factory.mktemp("images")
    with serving("own", folder) as host, redirect_stdout(StringIO()) as printed:
        urls = {name: f"{host}/images/{name}" for name in NAMES}
        (folder / "outputs.json").write_text(json.dumps({"ecr_repository_urls": urls}))
        code = build_and_push.main(["local", "--json", "--outputs", str(folder / "outputs.json")])
        assert code == 0
        delivered = {image["service"]: image for image in json.loads(printed.getvalue())["images"]}
        references = {name: f"{urls[name]}@{delivered[name]['digest']}" for name in NAMES}
        for name, reference in references.items():
            docker("rmi", f"{urls[name]}:{delivered[name]['tag']}")
            docker("pull", "--quiet", reference)
        yield references
        for reference in references.values():
            docker("rmi", reference)


@pytest.fixture(scope="module")
def scans(images: dict[str, str]) -> dict[str, dict[str, Any]]:
    """What a process of each image finds in it."""
    return {
        name: json.loads(docker("run", "--rm", "--read-only", image, "python", "-c", SCAN, ",".join(COMPILERS)))
        for name, image in images.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_without_root_and_cannot_write(name: str, scans: dict[str, dict[str, Any]]) -> None:
    assert scans[name]["uid"] == 10001
    assert scans[name]["wrote"] is False
    assert scans[name]["writable"] == scans[name]["setuid"] == []


@pytest.mark.parametrize("name", NAMES)
def test_it_holds_no_compiler_no_cache_no_tests_and_nothing_of_the_build(
    name: str, scans: dict[str, dict[str, Any]]
) -> None:
    found = scans[name]
    assert found["compilers"] == found["tests"] == found["leftovers"] == found["home"] == []


@pytest.mark.parametrize("name", NAMES)
def test_its_byte_code_is_compiled(name: str, scans: dict[str, dict[str, Any]]) -> None:
    assert scans[name]["uncompiled"] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_stands_in_its_files_its_history_or_its_settings(
    name: str, images: dict[str, str], scans: dict[str, dict[str, Any]]
) -> None:
    assert scans[name]["secrets"] == []
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", images[name])
    settings = docker("image", "inspect", "--format", "{{json .Config}}", images[name])
    assert not SECRETS.search(history)
    assert not SECRETS.search(settings)


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is_and_how_it_is_asked_and_ended(name: str, images: dict[str, str]) -> None:
    settings = json.loads(docker("image", "inspect", "--format", "{{json .Config}}", images[name]))
    labels = {key.rpartition(".")[2]: value for key, value in settings["Labels"].items()}
    assert labels["title"] == name
    assert re.fullmatch("[0-9a-f]{32}", labels["revision"])
    assert settings["User"] == "10001:10001"
    assert settings["StopSignal"] == "SIGTERM"
    assert settings["Healthcheck"]["Test"] == ["CMD", "python", "-m", "services.shared.probe"]


def test_every_image_begins_with_the_base_that_is_named(images: dict[str, str]) -> None:
    base = docker("image", "inspect", "--format", "{{index .RootFS.Layers 0}}", base_images()["BASE_IMAGE"])
    for image in images.values():
        assert docker("image", "inspect", "--format", "{{index .RootFS.Layers 0}}", image) == base
