"""Addresses and routes: who has a way out, and that a larger network never moves what is there."""

from __future__ import annotations

import ipaddress
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.config import Egress
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


def test_local_zones_are_not_among_the_zones() -> None:
    zones = [subnet.inputs["availabilityZone"] for subnet in stack("dev").of_type("ec2/subnet:Subnet")]
    assert sorted(set(zones)) == ["us-east-1a", "us-east-1b"]


@pytest.mark.parametrize("count", [1, 5])
def test_a_number_of_zones_without_a_plan_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} zones; use 2 to 4"):
        NetworkArgs(region="us-east-1", vpc_cidr="10.0.0.0/16", zones=["z"] * count, egress=Egress.NAT).validate()
