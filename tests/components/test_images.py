"""The repositories, and that each image is named by its content."""

from __future__ import annotations

import json

import pytest

from image_builds import CpuArchitecture, image_build
from services import catalog
from tests.support.stacks import ROOT, stack


def test_every_image_is_built_from_its_own_files_and_named_by_them() -> None:
    for image in stack("dev").of_type("image:Image"):
        given = image.inputs["build"]
        build = image_build(ROOT, given["args"]["SERVICE"], CpuArchitecture.X86_64)
        assert image.inputs["imageName"].endswith(f"/sri-dev-{build.service}:{build.tag}")
        assert given["context"] == f".local/images/{build.service}/{build.tag}"
        assert given["dockerfile"] == f"{given['context']}/services/Dockerfile"
        assert (given["target"], given["platform"]) == (build.target, "linux/amd64")


def test_the_processor_decides_the_build_and_the_task_alike() -> None:
    built = stack("dev", cpu_architecture="ARM64")
    assert {image.inputs["build"]["platform"] for image in built.of_type("image:Image")} == {"linux/arm64"}
    definitions = built.of_type("ecs/taskDefinition:TaskDefinition")
    assert {task.inputs["runtimePlatform"]["cpuArchitecture"] for task in definitions} == {"ARM64"}


def test_another_base_image_is_an_argument_of_every_build_and_another_tag() -> None:
    mirror = "mirror.example/python@sha256:" + "a" * 64
    plain, mirrored = stack("dev"), stack("dev", image_sources={"python": mirror})
    images = mirrored.of_type("image:Image")
    assert {image.inputs["build"]["args"]["BASE_IMAGE"] for image in images} == {mirror}
    tags = {image.inputs["imageName"] for image in images}
    assert tags.isdisjoint(image.inputs["imageName"] for image in plain.of_type("image:Image"))


@pytest.mark.parametrize("tier", ["dev", "prod", "local"])
def test_the_registrys_password_is_a_secret(tier: str) -> None:
    for image in stack(tier).of_type("image:Image"):
        assert "registry" in image.secret_inputs


@pytest.mark.parametrize(("tier", "force"), [("dev", True), ("prod", False), ("local", True)])
def test_repositories_keep_tags_scan_and_outlive_prod(tier: str, force: bool) -> None:
    repositories = stack(tier).of_type("ecr/repository:Repository")
    assert len(repositories) == len(catalog.SERVICES)
    for repository in repositories:
        assert repository.inputs["imageTagMutability"] == "IMMUTABLE"
        assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository.inputs["forceDelete"] is force


def test_repositories_forget_untagged_images_and_keep_the_newest_fifty() -> None:
    for policy in stack("prod").of_type("ecr/lifecyclePolicy:LifecyclePolicy"):
        selections = [rule["selection"] for rule in json.loads(policy.inputs["policy"])["rules"]]
        assert selections == [
            {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7},
            {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 50},
        ]


def test_given_digests_are_deployed_and_nothing_is_built() -> None:
    digest = f"sha256:{'a' * 64}"
    built = stack("dev", image_digests={service.name: digest for service in catalog.SERVICES})
    assert built.of_type("image:Image") == []
    assert "getAuthorizationToken" not in str(built.calls)
    assert {c.definition["image"].partition("@")[2] for c in built.containers()} == {digest}
