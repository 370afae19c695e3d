"""A way to AWS that leads nowhere else: interface endpoints in the private subnets, for egress `endpoints`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.config import Egress, StackConfig
from components.firewall import Firewall
from components.network import Network

ENDPOINT_SERVICES = ("cognito-idp", "ecr.api", "ecr.dkr", "logs", "secretsmanager")
"""What tasks and the agent that starts them call; image layers come from S3, by the network's gateway endpoint."""


@dataclass(frozen=True, kw_only=True)
class EndpointsArgs:
    """`subnet_ids`: where the endpoints stand, none of them where `services` is empty."""

    region: str
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_ids: Sequence[pulumi.Input[str]]
    services: Sequence[str]

    @classmethod
    def of(cls, config: StackConfig, network: Network, firewall: Firewall) -> Self:
        """The stack's own."""
        return cls(
            region=config.region,
            vpc_id=network.vpc_id,
            subnet_ids=network.task_subnet_ids,
            security_group_ids=[] if firewall.endpoints_id is None else [firewall.endpoints_id],
            services=ENDPOINT_SERVICES if config.egress is Egress.ENDPOINTS else (),
        )

    def validate(self) -> None:
        """Raises ValueError for endpoints that would fall into the VPC's default group."""
        if self.services and not self.security_group_ids:
            raise ValueError("endpoints need a security group of their own")


class Endpoints(Component):
    """One endpoint for each AWS service, under that service's usual name."""

    def __init__(self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        for service in args.services:
            self._create_endpoint(args, service)
        self.finish()

    def _create_endpoint(self, args: EndpointsArgs, service: str) -> None:
        name = f"{self.name}-{service.replace('.', '-')}"
        aws.ec2.VpcEndpoint(
            name,
            vpc_id=args.vpc_id,
            vpc_endpoint_type="Interface",
            service_name=f"com.amazonaws.{args.region}.{service}",
            subnet_ids=args.subnet_ids,
            security_group_ids=args.security_group_ids,
            # Programs go on using the public name, and find the endpoint behind it.
            private_dns_enabled=True,
            tags={"Name": name},
            opts=self.child(),
        )
