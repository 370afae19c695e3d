"""Who may reach whom: the complete list, for each tier."""

from __future__ import annotations

import pytest

from components.config import EdgeShape, Egress
from components.firewall import FirewallArgs
from tests.support.stacks import LOCAL, Recorded, Stack, stack

GROUPS = ("data", "database", "edge", "frontend", "gateway", "identity")


def allowed(built: Stack, tier: str) -> tuple[set[str], set[str]]:
    """("source -> target port" of the rules that let in, the same of those that let out)."""

    def group(value: str) -> str:
        return value.removeprefix(f"sri-{tier}-").removesuffix("-id")

    def line(rule: Recorded, own: str, other: str) -> str:
        assert rule.inputs["ipProtocol"] == "tcp"
        assert rule.inputs["fromPort"] == rule.inputs["toPort"]
        return f"{own} -> {other} {rule.inputs['fromPort']}"

    into, out = set(), set()
    for rule in built.of_type("vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
        into.add(line(rule, group(peer(rule)), group(rule.inputs["securityGroupId"])))
    for rule in built.of_type("vpc/securityGroupEgressRule:SecurityGroupEgressRule"):
        out.add(line(rule, group(rule.inputs["securityGroupId"]), group(peer(rule))))
    return into, out


def peer(rule: Recorded) -> str:
    (found,) = [
        str(rule.inputs[name])
        for name in ("referencedSecurityGroupId", "cidrIpv4", "prefixListId")
        if rule.inputs.get(name)
    ]
    return found


def inside(gateway: int, identity: int, data: int, frontend: int) -> set[str]:
    return {
        f"edge -> gateway {gateway}",
        f"edge -> frontend {frontend}",
        f"gateway -> identity {identity}",
        f"gateway -> data {data}",
        f"identity -> data {data}",
        f"data -> identity {identity}",
        "identity -> database 5432",
        "data -> database 5432",
    }


OUTSIDE = {f"{service} -> 0.0.0.0/0 443" for service in ("gateway", "identity", "data", "frontend")}
IN_AWS = inside(gateway=8000, identity=8001, data=8002, frontend=8003)
IN_LOCAL = inside(**LOCAL["ports"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tier", "public", "within"),
    [
        ("prod", {"0.0.0.0/0 -> edge 80", "0.0.0.0/0 -> edge 443"}, IN_AWS),
        ("dev", {"pl-3b927c52 -> edge 80"}, IN_AWS),
        ("local", {"0.0.0.0/0 -> edge 80"}, IN_LOCAL),
    ],
)
def test_nobody_reaches_anything_beyond_this_list(tier: str, public: set[str], within: set[str]) -> None:
    into, out = allowed(stack(tier), tier)
    assert into == public | within
    assert out == within | OUTSIDE


def test_with_endpoints_services_reach_aws_and_no_other_address() -> None:
    built = stack("dev", egress="endpoints")
    into, out = allowed(built, "dev")
    services = ("gateway", "identity", "data", "frontend")
    to_endpoints = {f"{service} -> endpoints 443" for service in services}
    assert into == {"pl-3b927c52 -> edge 80"} | IN_AWS | to_endpoints
    assert out == IN_AWS | to_endpoints | {f"{service} -> pl-63a5400a 443" for service in services}


@pytest.mark.parametrize("tier", ["dev", "prod", "local"])
def test_groups_have_no_inline_rules(tier: str) -> None:
    groups = stack(tier).of_type("ec2/securityGroup:SecurityGroup")
    assert sorted(group.name for group in groups) == [f"sri-{tier}-{name}" for name in GROUPS]
    for group in groups:
        assert not group.inputs.get("ingress")
        assert not group.inputs.get("egress")


def test_no_other_resource_opens_a_group() -> None:
    for tier in ("dev", "prod", "local"):
        assert stack(tier).of_type(":SecurityGroupRule") == []


@pytest.mark.parametrize("tier", ["dev", "prod", "local"])
def test_each_service_runs_in_its_own_group_alone(tier: str) -> None:
    built = stack(tier)
    for service in built.of_type("ecs/service:Service"):
        assert service.inputs["networkConfiguration"]["securityGroups"] == [f"{service.name}-id"]
    (instance,) = built.of_type("rds/instance:Instance")
    assert instance.inputs["vpcSecurityGroupIds"] == [f"sri-{tier}-database-id"]


@pytest.mark.parametrize("name", ["edge", "database"])
def test_a_service_with_the_name_of_another_group_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"cannot be called '{name}'"):
        FirewallArgs(vpc_id="vpc", ports={name: 8000}, edge=EdgeShape.LOCAL, region="", egress=Egress.NAT).validate()


def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="70000 is no port"):
        FirewallArgs(vpc_id="vpc", ports={"data": 70000}, edge=EdgeShape.LOCAL, region="", egress=Egress.NAT).validate()
