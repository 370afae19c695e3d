"""A small project, and the emulator, for tests of rehearsals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local import control_plane
from scripts.local.processes import HOST, free_ports, last_lines, running
from scripts.rehearsal import emulator


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project like ours, small."""
    folder = tmp_path / "project"
    for name, text in {
        "Pulumi.yaml": "name: sri\nruntime:\n  name: python\n  options: {virtualenv: .venv}\nbackend: {url: s3://states}\n",
        "Pulumi.dev.yaml": "secretsprovider: awskms://k\nencryptedkey: abc\nconfig:\n  aws:region: eu-central-1\n"
        "  sri:night: 20-5\n  sri:token: {secure: v1:xyz}\n",
        "__main__.py": "import pulumi\n",
        "services/catalog.py": "",
        "services/web/node_modules/huge.js": "",
        ".venv/lib.py": "",
        ".git/config": "",
        "tests/test_it.py": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulator, the same for all tests here."""
    log, port = tmp_path_factory.mktemp("emulator") / "log", free_ports(1)[0]
    with running(emulator.command(HOST, port), log):
        try:
            control_plane.wait(f"http://{HOST}:{port}")
        except Exception as error:
            error.add_note("\n".join(last_lines(log)))
            raise
        yield f"http://{HOST}:{port}"
