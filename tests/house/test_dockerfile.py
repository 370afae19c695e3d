"""What the images leave out is what nothing uses."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "services/Dockerfile").read_text()


def test_the_images_describe_exactly_the_aws_services_that_are_called() -> None:
    sources = [path.read_text() for path in ROOT.glob("services/*/**/*.py") if "node_modules" not in path.parts]
    called = {name for text in sources for name in re.findall(r"\b(?:create_)?client\(\s*\"([a-z0-9-]+)\"", text)}
    (cleaning,) = (line for line in DOCKERFILE.splitlines() if "botocore/data" in line)
    assert called
    assert set(re.findall(r"! -name ([a-z0-9-]+)", cleaning)) == called


def test_no_base_image_is_the_newest_of_its_name() -> None:
    named = re.findall(r"^ARG \w+_IMAGE=(\S+)", DOCKERFILE, re.MULTILINE)
    assert len(named) == 3
    assert all(re.search(r":[\w.-]*\d", image) for image in named)


def test_an_image_runs_as_the_user_that_the_task_definitions_name() -> None:
    from components.container import CONTAINER_USER

    assert f"USER {CONTAINER_USER}\n" in DOCKERFILE
