"""The project's files, read as Pulumi reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.local.errors import LocalRunError
from scripts.local.postgres import Server
from scripts.local.program_request import Request
from scripts.local.project import DEFAULT_REGION, read_project


def project(folder: Path, config: str) -> Path:
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "Pulumi.local.yaml").write_text(f"config:\n{config}" if config else "")
    return folder


def test_keys_are_full_and_values_are_texts(tmp_path: Path) -> None:
    config = "  aws:region: eu-west-1\n  colour: red\n  shop:size: 3\n  shop:flags: {a: true}\n"
    assert read_project(project(tmp_path, config)) == (
        "shop",
        {"aws:region": "eu-west-1", "shop:colour": "red", "shop:size": "3", "shop:flags": '{"a": true}'},
    )


def test_without_a_region_there_is_one(tmp_path: Path) -> None:
    assert read_project(project(tmp_path, "")) == ("shop", {"aws:region": DEFAULT_REGION})


def test_an_encrypted_value_is_refused_by_its_key(tmp_path: Path) -> None:
    with pytest.raises(LocalRunError, match="shop:key is encrypted"):
        read_project(project(tmp_path, "  shop:key:\n    secure: AAAB\n"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalRunError, match=r"Pulumi.yaml does not exist"):
        read_project(tmp_path)


def test_a_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalRunError, match=r"Pulumi.local.yaml is no YAML"):
        read_project(project(tmp_path, "  a: [\n"))


def test_a_request_survives_its_way_to_the_other_process() -> None:
    request = Request(
        program="/p", state="/s", control_plane_url="http://a", cognito_url="http://b", front_door="localhost:1",
        database=Server("h", 1, "u", "p"), service_ports={"data": 2}, registry="127.0.0.1:3",
    )  # fmt: skip
    assert Request.from_json(request.to_json()) == request
