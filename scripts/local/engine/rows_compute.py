"""Images, the cluster, task definitions, services and their scaling."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from scripts.images.registry import Manifest
from scripts.local.engine.rows import Creation, Row

DOCKER = "application/vnd.docker"


def to_manifest(creation: Creation) -> None:
    """An image is a manifest in the emulated registry: that of the real image where one is built."""
    image, build = creation.inputs.pop("imageName"), creation.inputs.pop("build", None) or {}
    path, _, tag = image.partition("/")[2].rpartition(":")
    publish = creation.facts.publish
    manifest = publish(image, build) if publish else stand_in(path, tag, build)
    creation.inputs |= {
        "repositoryName": path,
        "imageTag": tag,
        "imageManifest": manifest.content.decode(),
        "imageManifestMediaType": manifest.media_type,
        "imageDigest": manifest.digest,
    }


def stand_in(path: str, tag: str, build: Mapping[str, Any]) -> Manifest:
    """A manifest of an image that is not built, whose digest follows from what it would be built from."""
    source = hashlib.sha256(json.dumps([path, tag, build], sort_keys=True).encode()).hexdigest()
    layer = {"mediaType": f"{DOCKER}.image.rootfs.diff.tar.gzip", "size": 1, "digest": f"sha256:{source}"}
    config = {"mediaType": f"{DOCKER}.container.image.v1+json", "size": 1, "digest": f"sha256:{source}"}
    kind = f"{DOCKER}.distribution.manifest.v2+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]})
    return Manifest(media_type=kind, content=manifest.encode())


def describe_repository(creation: Creation) -> None:
    """Where images are built, they are pushed to a registry on this machine: that of AWS has no address here."""
    if creation.facts.registry:
        name = creation.outputs["repositoryUrl"].partition("/")[2]
        creation.outputs["repositoryUrl"] = f"{creation.facts.registry}/{name}"


def describe_image(creation: Creation) -> None:
    """The outputs of pulumi-docker's Image."""
    name = creation.given["imageName"]
    reference = f"{name.rpartition(':')[0]}@{creation.parameters['imageDigest']}"
    creation.outputs |= {
        "baseImageName": name,
        "registryServer": name.partition("/")[0],
        "repoDigest": reference,
    }


def group_deployment(creation: Creation) -> None:
    """What the call has in one configuration stands flat in the inputs."""
    given = creation.inputs
    deployment: dict[str, Any] = given.pop("deploymentConfiguration", None) or {}
    for name, member in (
        ("deploymentCircuitBreaker", "deploymentCircuitBreaker"),
        ("deploymentMaximumPercent", "maximumPercent"),
        ("deploymentMinimumHealthyPercent", "minimumHealthyPercent"),
        ("alarms", "alarms"),
    ):
        if given.get(name) is not None:
            deployment[member] = given.pop(name)
    if deployment:
        given["deploymentConfiguration"] = deployment
    network = given.get("networkConfiguration")
    if network:
        public = "ENABLED" if network.get("assignPublicIp") else "DISABLED"
        given["networkConfiguration"] = {"awsvpcConfiguration": {**network, "assignPublicIp": public}}


def describe_revision(creation: Creation) -> None:
    """The ARN without the revision, as Pulumi has it."""
    creation.outputs["arnWithoutRevision"] = creation.outputs["arn"].rpartition(":")[0]


ROWS = {
    "aws:ecr/repository:Repository": Row(
        create="ecr.create_repository",
        id="repository.repositoryName",
        outputs={
            "repositoryUrl": "repository.repositoryUri",
            "arn": "repository.repositoryArn",
            "registryId": "repository.registryId",
        },
        name="repositoryName",
        rename={"name": "repositoryName"},
        elsewhere=frozenset({"forceDelete"}),
        finish=describe_repository,
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Row(
        create="ecr.put_lifecycle_policy",
        id="input:repository",
        rename={"repository": "repositoryName", "policy": "lifecyclePolicyText"},
    ),
    "docker:index/image:Image": Row(
        create="ecr.put_image",
        id="image.imageId.imageDigest",
        elsewhere=frozenset({"registry", "skipPush", "buildOnPreview"}),
        prepare=to_manifest,
        finish=describe_image,
    ),
    "aws:ecs/cluster:Cluster": Row(
        create="ecs.create_cluster",
        id="cluster.clusterArn",
        outputs={"arn": "cluster.clusterArn"},
        name="clusterName",
        rename={"name": "clusterName"},
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": Row(
        create="ecs.put_cluster_capacity_providers",
        id="input:clusterName",
        rename={"clusterName": "cluster", "defaultCapacityProviderStrategies": "defaultCapacityProviderStrategy"},
        constants={"defaultCapacityProviderStrategy": []},
    ),
    "aws:ecs/taskDefinition:TaskDefinition": Row(
        create="ecs.register_task_definition",
        id="taskDefinition.family",
        outputs={"arn": "taskDefinition.taskDefinitionArn", "revision": "taskDefinition.revision"},
        elsewhere=frozenset({"skipDestroy", "trackLatest"}),
        finish=describe_revision,
    ),
    "aws:ecs/service:Service": Row(
        create="ecs.create_service",
        id="service.serviceArn",
        outputs={"arn": "service.serviceArn"},
        name="serviceName",
        rename={"name": "serviceName"},
        elsewhere=frozenset({"waitForSteadyState", "forceDelete", "forceNewDeployment", "triggers"}),
        prepare=group_deployment,
    ),
}
