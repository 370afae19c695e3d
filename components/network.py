"""The VPC and its subnets in each zone: public, private (no addresses of their own, no way in) and isolated."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.config import ConfigError, Egress, StackConfig
from components.config_rules import SUBNET_BITS

_FIRST_BLOCK = {"public": 0, "private": 4, "isolated": 8}
"""Where each kind's blocks begin, so that another zone, or NAT instead of public addresses, moves no subnet."""


def subnet_cidr(vpc_cidr: str, kind: str, zone: int) -> str:
    """The range of the subnet of `kind` in zone number `zone` (0 to 3): one sixteenth of the VPC."""
    blocks = ipaddress.IPv4Network(vpc_cidr).subnets(prefixlen_diff=SUBNET_BITS)
    return str(list(blocks)[_FIRST_BLOCK[kind] + zone])


def zones_of(region: str) -> list[str]:
    """The availability zones of `region`, without local zones, which have neither Fargate nor RDS everywhere."""
    names = aws.get_availability_zones(state="available").names
    return [name for name in names if name[:-1] == region]


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """`vpc_cidr`: /16 to /23; `zones`: names of two to four availability zones of the region.

    `lock_default_group`: take every rule from the security group that EC2 gives to whatever names none.
    """

    region: str
    vpc_cidr: str
    zones: Sequence[str]
    egress: Egress
    lock_default_group: bool

    @classmethod
    def of(cls, config: StackConfig, zones: Sequence[str]) -> Self:
        """The stack's own: spread over the first of the region's `zones`."""
        if len(zones) < config.availability_zones:
            raise ConfigError(
                [f"sri:availability_zones: {config.region} has {len(zones)} zones; lower it, or choose another region"]
            )
        return cls(
            region=config.region,
            vpc_cidr=config.vpc_cidr,
            zones=zones[: config.availability_zones],
            egress=config.egress,
            lock_default_group=config.local is None,
        )

    def validate(self) -> None:
        """Raises ValueError for a number of zones that the address plan has no room for."""
        if not 2 <= len(self.zones) <= 4:
            raise ValueError(f"{len(self.zones)} zones; use 2 to 4")


class Network(Component):
    """A VPC whose isolated subnets have no way out, for the database."""

    vpc_id: pulumi.Output[str]
    public_subnet_ids: list[pulumi.Output[str]]
    isolated_subnet_ids: list[pulumi.Output[str]]
    task_subnet_ids: list[pulumi.Output[str]]
    assign_public_ip: bool

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        self._args = args
        self._vpc = self._create_vpc()
        self.vpc_id = self._vpc.id
        if args.lock_default_group:
            aws.ec2.DefaultSecurityGroup(name, vpc_id=self.vpc_id, ingress=[], egress=[], opts=self.child())
        public = self._create_subnets("public")
        self._route_public(public)
        isolated = self._create_subnets("isolated")
        self._route_isolated(isolated)
        self.public_subnet_ids = [subnet.id for subnet in public]
        self.isolated_subnet_ids = [subnet.id for subnet in isolated]
        self.assign_public_ip = args.egress is Egress.PUBLIC_IP
        self.task_subnet_ids = self.public_subnet_ids if self.assign_public_ip else self._create_private(public)
        self.finish()

    def _create_vpc(self) -> aws.ec2.Vpc:
        return aws.ec2.Vpc(
            self.name,
            cidr_block=self._args.vpc_cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": self.name},
            opts=self.child(),
        )

    def _create_subnets(self, kind: str) -> list[aws.ec2.Subnet]:
        return [
            aws.ec2.Subnet(
                f"{self.name}-{kind}-{number}",
                vpc_id=self.vpc_id,
                cidr_block=subnet_cidr(self._args.vpc_cidr, kind, number),
                availability_zone=zone,
                tags={"Name": f"{self.name}-{kind}-{number}"},
                opts=self.child(),
            )
            for number, zone in enumerate(self._args.zones)
        ]

    def _create_table(self, suffix: str) -> aws.ec2.RouteTable:
        name = f"{self.name}-{suffix}"
        return aws.ec2.RouteTable(name, vpc_id=self.vpc_id, tags={"Name": name}, opts=self.child())

    def _associate(self, kind: str, number: int, subnet: aws.ec2.Subnet, table: aws.ec2.RouteTable) -> None:
        aws.ec2.RouteTableAssociation(
            f"{self.name}-{kind}-{number}", subnet_id=subnet.id, route_table_id=table.id, opts=self.child()
        )

    def _route_public(self, subnets: list[aws.ec2.Subnet]) -> None:
        self._gateway = aws.ec2.InternetGateway(
            self.name, vpc_id=self.vpc_id, tags={"Name": self.name}, opts=self.child()
        )
        table = self._create_table("public")
        aws.ec2.Route(
            f"{self.name}-public",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=self._gateway.id,
            opts=self.child(),
        )
        for number, subnet in enumerate(subnets):
            self._associate("public", number, subnet, table)

    def _route_isolated(self, subnets: list[aws.ec2.Subnet]) -> None:
        # A table of their own without any route: the VPC's main table could be given one by hand.
        table = self._create_table("isolated")
        for number, subnet in enumerate(subnets):
            self._associate("isolated", number, subnet, table)

    def _create_private(self, public: list[aws.ec2.Subnet]) -> list[pulumi.Output[str]]:
        subnets = self._create_subnets("private")
        if self._args.egress is Egress.ENDPOINTS:
            tables = [self._create_table("private")]
        else:
            exits = public if self._args.egress is Egress.NAT_PER_AZ else public[:1]
            tables = [self._create_nat_table(number, subnet) for number, subnet in enumerate(exits)]
        for number, subnet in enumerate(subnets):
            self._associate("private", number, subnet, tables[number % len(tables)])
        self._reach_s3(tables)
        return [subnet.id for subnet in subnets]

    def _reach_s3(self, tables: list[aws.ec2.RouteTable]) -> None:
        """Image layers come from S3: this way they cost nothing, through NAT each gigabyte does."""
        aws.ec2.VpcEndpoint(
            f"{self.name}-s3",
            vpc_id=self.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{self._args.region}.s3",
            route_table_ids=[table.id for table in tables],
            tags={"Name": f"{self.name}-s3"},
            opts=self.child(),
        )

    def _create_nat_table(self, number: int, public: aws.ec2.Subnet) -> aws.ec2.RouteTable:
        name = f"{self.name}-nat-{number}"
        address = aws.ec2.Eip(name, domain="vpc", tags={"Name": name}, opts=self.child(depends_on=[self._gateway]))
        nat = aws.ec2.NatGateway(
            name, subnet_id=public.id, allocation_id=address.id, tags={"Name": name}, opts=self.child()
        )
        table = self._create_table(f"private-{number}")
        aws.ec2.Route(
            f"{self.name}-private-{number}",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            nat_gateway_id=nat.id,
            opts=self.child(),
        )
        return table
