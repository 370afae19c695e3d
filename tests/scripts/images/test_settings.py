"""What a stack's file says about images, read alike by the program and the script."""

from __future__ import annotations

from pathlib import Path

import pytest

from image_builds import CpuArchitecture, ImageSources
from scripts.images.errors import SettingsError
from scripts.images.settings import read_settings
from services import catalog
from tests.support.stacks import ROOT, stack


def project(folder: Path, config: str) -> Path:
    (folder / "Pulumi.yaml").write_text("name: sri\n")
    (folder / "Pulumi.dev.yaml").write_text(f"config:\n{config}")
    return folder


def test_the_settings_are_the_stacks_own(tmp_path: Path) -> None:
    text = "  sri:cpu_architecture: ARM64\n  sri:github_repository: a/b\n  sri:image_sources: {python: p:1}\n"
    found = read_settings(project(tmp_path, text), "organisation/sri/dev")
    assert found.architecture is CpuArchitecture.ARM64
    assert found.sources == ImageSources(python="p:1")
    assert found.repository == "a/b"


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ("  sri:cpu_architecture: RISC\n", "'RISC' is not a valid CpuArchitecture"),
        ("  sri:image_sources: {pyton: p}\n", "with the members python, build, node, rds_certificates"),
        ("  sri:image_sources: mirror\n", "image_sources is an object of texts"),
        ("  a: [\n", "is no YAML"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_file(tmp_path: Path, config: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as refused:
        read_settings(project(tmp_path, config), "dev")
    assert "Pulumi.dev.yaml" in str(refused.value)


def test_a_stack_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"Pulumi.test.yaml does not exist"):
        read_settings(project(tmp_path, ""), "test")


def test_a_service_without_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").touch()
    with pytest.raises(SettingsError, match=r"does not exist; the image of service 'data' needs it\.$"):
        read_settings(project(tmp_path, ""), "dev").build(tmp_path, "data")


@pytest.mark.parametrize("name", ["dev", "local"])
def test_the_program_gives_each_image_the_same_tag(name: str) -> None:
    settings = read_settings(ROOT, name)
    sources = {"image_sources": {"rds_certificates": "services/shared/requirements.txt"}} if name == "local" else {}
    images = stack(name, **sources).of_type("image:Image")
    tags = {image.inputs["build"]["args"]["SERVICE"]: image.inputs["imageName"].rpartition(":")[2] for image in images}
    assert tags == {service.name: settings.build(ROOT, service.name).tag for service in catalog.SERVICES}
