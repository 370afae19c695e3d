"""Where services run, and the private names that they find each other by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.config import StackConfig


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """`namespace`: the private DNS name under which each service answers as `<service>.<namespace>`."""

    vpc_id: pulumi.Input[str]
    namespace: str
    container_insights: bool

    @classmethod
    def of(cls, config: StackConfig, vpc_id: pulumi.Input[str]) -> Self:
        """The stack's own."""
        return cls(vpc_id=vpc_id, namespace=f"{config.name}.internal", container_insights=config.is_prod)

    def validate(self) -> None:
        """Raises ValueError for a namespace that could shadow a public name."""
        if not self.namespace.endswith(".internal"):
            raise ValueError(f"the namespace {self.namespace!r} must end with .internal, which nobody can register")


class Cluster(Component):
    """An ECS cluster on Fargate and its Cloud Map namespace."""

    arn: pulumi.Output[str]
    cluster_name: pulumi.Output[str]
    namespace: str
    namespace_id: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        self._args = args
        cluster = self._create_cluster()
        self.arn = cluster.arn
        self.cluster_name = cluster.name
        self.namespace = args.namespace
        self.namespace_id = self._create_namespace()
        self.finish()

    def _create_cluster(self) -> aws.ecs.Cluster:
        insights = "enabled" if self._args.container_insights else "disabled"
        cluster = aws.ecs.Cluster(
            self.name, settings=[{"name": "containerInsights", "value": insights}], opts=self.child()
        )
        aws.ecs.ClusterCapacityProviders(
            self.name,
            cluster_name=cluster.name,
            capacity_providers=["FARGATE", "FARGATE_SPOT"],
            default_capacity_provider_strategies=[{"capacity_provider": "FARGATE", "base": 1, "weight": 1}],
            opts=self.child(),
        )
        return cluster

    def _create_namespace(self) -> pulumi.Output[str]:
        return aws.servicediscovery.PrivateDnsNamespace(
            self.name,
            name=self._args.namespace,
            vpc=self._args.vpc_id,
            description="Names of the services, inside the VPC alone",
            opts=self.child(),
        ).id
