"""The services' images: a repository each, built and pushed when their content changes, deployed by digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker

from components.component import Component
from components.config import StackConfig
from image_builds import DOCKERFILE, CpuArchitecture, ImageSources, image_build
from services import catalog

KEPT_IMAGES = 50
"""Enough for every deployment that a rollback may name; an image in use is never among the oldest of fifty."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """One service's image: `reference` is `repository@digest`."""

    repository_arn: pulumi.Output[str]
    repository_url: pulumi.Output[str]
    reference: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class ImagesArgs:
    """`root`: the project's folder; `force_delete`: whether the stack may go while images are still there.

    `sources`: other base images than the Dockerfile's; `repository`: owner/name on GitHub, for the images' label.
    `digests`: service -> digest of an image that is in its repository already, where none is to be built. A pipeline
    that previews without a container engine gives them all.
    """

    root: Path
    architecture: CpuArchitecture
    sources: ImageSources
    repository: str | None
    digests: Mapping[str, str]
    force_delete: bool

    @classmethod
    def of(cls, config: StackConfig, root: Path) -> Self:
        """The stack's own; prod keeps its images even when the stack goes."""
        return cls(
            root=root,
            architecture=config.cpu_architecture,
            sources=config.image_sources,
            repository=config.github_repository,
            digests=config.image_digests,
            force_delete=not config.is_prod,
        )


class Images(Component):
    """The image of every service of the catalog."""

    repository_urls: dict[str, pulumi.Output[str]]
    references: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: ImagesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self._images = {service.name: self._create_image(service) for service in catalog.SERVICES}
        self.repository_urls = {service: image.repository_url for service, image in self._images.items()}
        self.references = {service: image.reference for service, image in self._images.items()}
        self.finish()

    def __getitem__(self, service: str) -> Image:
        return self._images[service]

    @cached_property
    def _registry(self) -> docker.RegistryArgsDict:
        """The way into the account's registry, asked for only when there is something to push."""
        token = aws.ecr.get_authorization_token()
        # What a function returns is never secret by itself, and this one would stand in the state for twelve hours.
        return {
            "server": token.proxy_endpoint,
            "username": token.user_name,
            "password": pulumi.Output.secret(token.password),
        }

    def _create_image(self, service: catalog.Service) -> Image:
        repository = self._create_repository(service)
        digest = self._args.digests.get(service.name)
        reference = (
            self._build(service, repository)
            if digest is None
            else pulumi.Output.concat(repository.repository_url, "@", digest)
        )
        return Image(repository_arn=repository.arn, repository_url=repository.repository_url, reference=reference)

    def _build(self, service: catalog.Service, repository: aws.ecr.Repository) -> pulumi.Output[str]:
        args = self._args
        build = image_build(args.root, service.name, args.architecture, args.sources, args.repository)
        folder = build.stage()
        image = docker.Image(
            f"{self.name}-{service.name}",
            image_name=pulumi.Output.concat(repository.repository_url, ":", build.tag),
            build={
                "context": folder,
                "dockerfile": f"{folder}/{DOCKERFILE}",
                "platform": build.platform,
                "target": build.target,
                "args": build.arguments,
            },
            registry=self._registry,
            opts=self.child(),
        )
        return image.repo_digest

    def _create_repository(self, service: catalog.Service) -> aws.ecr.Repository:
        name = f"{self.name}-{service.name}"
        repository = aws.ecr.Repository(
            name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "AES256"}],
            force_delete=self._args.force_delete,
            opts=self.child(),
        )
        aws.ecr.LifecyclePolicy(name, repository=repository.name, policy=_lifecycle(), opts=self.child())
        return repository


def _lifecycle() -> str:
    """Untagged images go after a week, and all but the newest tagged ones (ECR wants tagStatus "any" last)."""
    untagged = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7}
    oldest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT_IMAGES}
    rules = [
        {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}
        for priority, selection in enumerate((untagged, oldest), start=1)
    ]
    return json.dumps({"rules": rules})
