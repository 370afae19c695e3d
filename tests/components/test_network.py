"""Addresses and routes: who has a way out, and that a larger network never moves what is there."""

from __future__ import annotations

import ipaddress
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.config import Egress
from components.endpoints import EndpointsArgs
from components.flow_logs import FlowLogsArgs
from components.network import NetworkArgs, subnet_cidr
from tests.support.stacks import Stack, stack

KINDS = ("public", "private", "isolated")
RANGES = st.builds(
    lambda second, prefix: str(ipaddress.IPv4Network((f"10.{second}.0.0", prefix))),
    st.integers(0, 255),
    st.integers(16, 23),
)


@given(RANGES)
def test_subnets_lie_in_the_vpc_and_never_overlap(vpc_cidr: str) -> None:
    networks = [ipaddress.IPv4Network(subnet_cidr(vpc_cidr, kind, zone)) for kind in KINDS for zone in range(4)]
    assert all(network.subnet_of(ipaddress.IPv4Network(vpc_cidr)) for network in networks)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(networks, 2))


def test_another_zone_and_other_egress_move_no_subnet() -> None:
    small = ranges(stack("dev"))
    large = ranges(stack("dev", availability_zones=4, egress="nat-per-az"))
    assert small.items() <= large.items()
    assert sorted(large) == sorted(f"sri-dev-{kind}-{zone}" for kind in KINDS for zone in range(4))


def ranges(built: Stack) -> dict[str, str]:
    return {subnet.name: subnet.inputs["cidrBlock"] for subnet in built.of_type("ec2/subnet:Subnet")}


def routes(built: Stack) -> dict[str, str]:
    """Subnet -> what its table's default route leads to, "" without one."""
    exits = {
        route.inputs["routeTableId"]: route.inputs.get("natGatewayId") or route.inputs["gatewayId"]
        for route in built.of_type("ec2/route:Route")
    }
    return {
        association.inputs["subnetId"].removesuffix("-id"): exits.get(association.inputs["routeTableId"], "")
        for association in built.of_type(":RouteTableAssociation")
    }


def test_every_subnet_has_a_table_and_isolated_ones_no_way_out() -> None:
    for built in (stack("dev"), stack("prod"), stack("local")):
        found = routes(built)
        assert sorted(found) == sorted(ranges(built))
        assert {way for subnet, way in found.items() if "isolated" in subnet} == {""}


@pytest.mark.parametrize(
    ("egress", "ways"),
    [
        ("nat", ["sri-dev-nat-0-id", "sri-dev-nat-0-id", "sri-dev-nat-0-id"]),
        ("nat-per-az", ["sri-dev-nat-0-id", "sri-dev-nat-1-id", "sri-dev-nat-2-id"]),
        ("public-ip", []),
    ],
)
def test_private_subnets_leave_through_nat(egress: str, ways: list[str]) -> None:
    built = stack("dev", egress=egress, availability_zones=3)
    assert [way for subnet, way in sorted(routes(built).items()) if "private" in subnet] == ways
    assert len(built.of_type(":NatGateway")) == len(built.of_type(":Eip")) == len(set(ways))


def test_image_layers_bypass_nat_where_there_is_one() -> None:
    (endpoint,) = stack("prod").of_type("ec2/vpcEndpoint:VpcEndpoint")
    assert endpoint.inputs["serviceName"] == "com.amazonaws.us-east-1.s3"
    assert endpoint.inputs["routeTableIds"] == [f"sri-prod-private-{zone}-id" for zone in range(3)]
    assert stack("dev").of_type("ec2/vpcEndpoint:VpcEndpoint") == []


@pytest.mark.parametrize(("egress", "kind", "public_ip"), [("nat", "private", False), ("public-ip", "public", True)])
def test_tasks_and_migrations_run_where_egress_says(egress: str, kind: str, public_ip: bool) -> None:
    built = stack("dev", egress=egress)
    subnets = [f"sri-dev-{kind}-0-id", f"sri-dev-{kind}-1-id"]
    for service in built.of_type("ecs/service:Service"):
        assert service.inputs["networkConfiguration"]["subnets"] == subnets
        assert service.inputs["networkConfiguration"]["assignPublicIp"] is public_ip
    for run in built.of_type(":MigrationRun"):
        assert (run.inputs["subnets"], run.inputs["assign_public_ip"]) == (subnets, public_ip)


def test_without_nat_the_endpoints_are_the_only_way_out() -> None:
    built = stack("dev", egress="endpoints")
    assert {way for subnet, way in routes(built).items() if "private" in subnet} == {""}
    assert built.of_type(":NatGateway") == []
    interfaces = [e for e in built.of_type(":VpcEndpoint") if e.inputs["vpcEndpointType"] == "Interface"]
    names = {endpoint.inputs["serviceName"].removeprefix("com.amazonaws.us-east-1.") for endpoint in interfaces}
    assert names == {"cognito-idp", "ecr.api", "ecr.dkr", "logs", "secretsmanager"}
    for endpoint in interfaces:
        assert endpoint.inputs["privateDnsEnabled"] is True
        assert endpoint.inputs["securityGroupIds"] == ["sri-dev-endpoints-id"]
        assert endpoint.inputs["subnetIds"] == ["sri-dev-private-0-id", "sri-dev-private-1-id"]


def test_no_task_starts_before_its_endpoints_are_there() -> None:
    for service in stack("dev", egress="endpoints").of_type("ecs/service:Service"):
        assert sum("VpcEndpoint" in urn for urn in service.depends_on) == 6


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_the_default_security_group_lets_nothing_in_or_out(tier: str) -> None:
    (group,) = stack(tier).of_type(":DefaultSecurityGroup")
    assert (group.inputs["ingress"], group.inputs["egress"]) == ([], [])
    users = [r for r in stack(tier).resources if f"sri-{tier}-id" in json.dumps(r.inputs.get("securityGroups"))]
    assert users == []


@pytest.mark.parametrize(("tier", "traffic", "days"), [("dev", "REJECT", 14), ("prod", "ALL", 90)])
def test_connections_are_recorded(tier: str, traffic: str, days: int) -> None:
    (log,) = stack(tier).of_type("ec2/flowLog:FlowLog")
    assert (log.inputs["trafficType"], log.inputs["vpcId"]) == (traffic, f"sri-{tier}-id")
    group = stack(tier).one("cloudwatch/logGroup:LogGroup", f"sri-{tier}-flow")
    assert group.inputs["retentionInDays"] == days


def test_a_kind_of_traffic_that_ec2_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="use ALL, ACCEPT or REJECT"):
        FlowLogsArgs(account="", vpc_id="", traffic="SOME", retention_days=1).validate()


def test_endpoints_without_a_group_of_their_own_are_refused() -> None:
    with pytest.raises(ValueError, match="a security group of their own"):
        EndpointsArgs(region="", vpc_id="", subnet_ids=[], security_group_ids=[], services=("logs",)).validate()


def test_local_zones_are_not_among_the_zones() -> None:
    zones = [subnet.inputs["availabilityZone"] for subnet in stack("dev").of_type("ec2/subnet:Subnet")]
    assert sorted(set(zones)) == ["us-east-1a", "us-east-1b"]


@pytest.mark.parametrize("count", [1, 5])
def test_a_number_of_zones_without_a_plan_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} zones; use 2 to 4"):
        NetworkArgs(
            region="us-east-1", vpc_cidr="10.0.0.0/16", zones=["z"] * count, egress=Egress.NAT, lock_default_group=True
        ).validate()
