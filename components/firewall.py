"""Who may reach whom: every security group of the stack and every rule between them, in one place.

Rules are resources of their own, never inline: inline rules and rule resources delete each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.config import EdgeShape, Egress, StackConfig
from services import catalog

DATABASE_PORT = 5432
ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    """`ports`: service name -> port. `edge`: decides who may reach the load balancer, and where.

    `egress`: whether services may reach the internet, or the VPC's endpoints alone.
    """

    vpc_id: pulumi.Input[str]
    ports: Mapping[str, int]
    edge: EdgeShape
    region: str
    egress: Egress

    @classmethod
    def of(cls, config: StackConfig, vpc_id: pulumi.Input[str]) -> Self:
        """The stack's own."""
        ports = {service.name: config.port_of(service) for service in catalog.SERVICES}
        return cls(vpc_id=vpc_id, ports=ports, edge=config.edge_shape, region=config.region, egress=config.egress)

    def validate(self) -> None:
        """Raises ValueError for a port that is none, or a service that has the name of another group."""
        for name in {"edge", "database", "endpoints"} & self.ports.keys():
            raise ValueError(f"a service cannot be called {name!r}: that is the name of a part of the platform")
        for port in self.ports.values():
            if not 1 <= port <= 65535:
                raise ValueError(f"{port} is no port; ports are 1 to 65535")


class Firewall(Component):
    """A group for the edge, one for the database and one for each service, and what the catalog lets them reach."""

    edge_id: pulumi.Output[str]
    database_id: pulumi.Output[str]
    endpoints_id: pulumi.Output[str] | None
    service_ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        self._args = args
        self.edge_id = self._create_group("edge", "The load balancer")
        self.database_id = self._create_group("database", "The Postgres instance")
        self.endpoints_id = (
            self._create_group("endpoints", "The VPC's endpoints of AWS services")
            if args.egress is Egress.ENDPOINTS
            else None
        )
        self.service_ids = {
            service.name: self._create_group(service.name, f"Tasks of the service {service.name}")
            for service in catalog.SERVICES
        }
        self._admit_the_public()
        self._connect_services()
        self.finish()

    def _create_group(self, suffix: str, description: str) -> pulumi.Output[str]:
        name = f"{self.name}-{suffix}"
        group = aws.ec2.SecurityGroup(
            name, vpc_id=self._args.vpc_id, description=description, tags={"Name": name}, opts=self.child()
        )
        return group.id

    def _admit_the_public(self) -> None:
        source: dict[str, Any] = {"cidr_ipv4": ANYWHERE}
        if self._args.edge is EdgeShape.CLOUDFRONT:
            prefixes = aws.ec2.get_managed_prefix_list(name="com.amazonaws.global.cloudfront.origin-facing")
            source = {"prefix_list_id": prefixes.id}
        for port in self._args.edge.ports:
            aws.vpc.SecurityGroupIngressRule(
                f"{self.name}-public-to-edge-{port}",
                security_group_id=self.edge_id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                **source,
                opts=self.child(),
            )

    def _connect_services(self) -> None:
        for service in catalog.SERVICES:
            own = self.service_ids[service.name]
            if service.edge_paths:
                self._connect("edge", self.edge_id, service.name, own, self._args.ports[service.name])
            for callee in catalog.called_by(service):
                port = self._args.ports[callee.name]
                self._connect(service.name, own, callee.name, self.service_ids[callee.name], port)
            if catalog.Need.DATABASE in service.needs:
                self._connect(service.name, own, "database", self.database_id, DATABASE_PORT)
            self._let_out(service.name, own)

    def _connect(
        self, source: str, source_id: pulumi.Input[str], target: str, target_id: pulumi.Input[str], port: int
    ) -> None:
        """Let `source` open connections to `target`: out of the one group and into the other, on one port."""
        aws.vpc.SecurityGroupEgressRule(
            f"{self.name}-{source}-to-{target}",
            security_group_id=source_id,
            referenced_security_group_id=target_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self.child(),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self.name}-{target}-from-{source}",
            security_group_id=target_id,
            referenced_security_group_id=source_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self.child(),
        )

    def _let_out(self, source: str, source_id: pulumi.Input[str]) -> None:
        target: dict[str, Any] = {"cidr_ipv4": ANYWHERE}
        if self.endpoints_id is not None:
            self._connect(source, source_id, "endpoints", self.endpoints_id, 443)
            target = {"prefix_list_id": self._s3_prefixes}
        # Image layers, secrets, logs and Cognito are AWS services without fixed addresses.
        aws.vpc.SecurityGroupEgressRule(
            f"{self.name}-{source}-to-https",
            security_group_id=source_id,
            **target,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=self.child(),
        )

    @cached_property
    def _s3_prefixes(self) -> str:
        return aws.ec2.get_managed_prefix_list(name=f"com.amazonaws.{self._args.region}.s3").id
