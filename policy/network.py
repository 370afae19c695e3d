"""Rules about addresses, routes and security groups."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from policy.rule import Inputs, rule

GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
WORLD = ("0.0.0.0/0", "::/0")


def _is_world(inputs: Inputs) -> bool:
    return inputs.get("cidrIpv4") in WORLD or inputs.get("cidrIpv6") in WORLD


@rule(GROUP)
def security_group_without_inline_rules(inputs: Inputs) -> Iterator[str]:
    """Rules of security groups are resources of their own: inline ones and these delete each other."""
    for way in ("ingress", "egress"):
        if inputs.get(way):
            yield f"{way} is written inside the group; make it a rule resource"


@rule(GROUP)
def security_group_without_a_fixed_name(inputs: Inputs) -> Iterator[str]:
    """A security group with a fixed name cannot be replaced while it is in use."""
    if inputs.get("name"):
        yield f"the name {inputs['name']!r} is fixed; leave it to Pulumi"


@rule("aws:ec2/securityGroupRule:SecurityGroupRule")
def one_style_of_security_group_rules(_inputs: Inputs) -> Iterator[str]:
    """Only ingress and egress rule resources, one for each source: the older kind fights with them."""
    yield "use aws.vpc.SecurityGroupIngressRule or SecurityGroupEgressRule"


@rule(INGRESS)
def world_reaches_only_web_ports(inputs: Inputs) -> Iterator[str]:
    """From everywhere, only ports 80 and 443 may be reached."""
    if _is_world(inputs) and not {inputs.get("fromPort"), inputs.get("toPort")} <= {80, 443}:
        yield f"ports {inputs.get('fromPort')} to {inputs.get('toPort')} are open to the world"


@rule(INGRESS, EGRESS)
def security_group_rules_name_one_port(inputs: Inputs) -> Iterator[str]:
    """A rule names TCP or UDP and a single port."""
    if inputs.get("ipProtocol") not in ("tcp", "udp"):
        yield f"protocol {inputs.get('ipProtocol')!r}; name tcp or udp"
    elif inputs.get("fromPort") is None or inputs.get("fromPort") != inputs.get("toPort"):
        yield f"ports {inputs.get('fromPort')} to {inputs.get('toPort')}; name one"


@rule(EGRESS)
def tasks_reach_the_world_by_tls_alone(inputs: Inputs) -> Iterator[str]:
    """To everywhere, only port 443 may be reached."""
    if _is_world(inputs) and inputs.get("toPort") != 443:
        yield f"port {inputs.get('toPort')} to the world is open; use 443"


@rule("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
def default_security_group_is_empty(inputs: Inputs) -> Iterator[str]:
    """The VPC's default group lets nothing in or out."""
    for way in ("ingress", "egress"):
        if inputs.get(way):
            yield f"the default group has {way} rules; take them away"


@rule("aws:ec2/vpc:Vpc")
def vpc_has_private_addresses(inputs: Inputs) -> Iterator[str]:
    """The VPC's range is private address space."""
    cidr = inputs.get("cidrBlock")
    if isinstance(cidr, str) and not ipaddress.ip_network(cidr).is_private:
        yield f"{cidr} is public address space"


@rule("aws:ec2/subnet:Subnet")
def subnets_give_no_public_addresses(inputs: Inputs) -> Iterator[str]:
    """No subnet gives public addresses to whatever starts in it: tasks ask for one where the egress says so."""
    if inputs.get("mapPublicIpOnLaunch"):
        yield "mapPublicIpOnLaunch is on"


@rule("aws:ec2/subnet:Subnet", "aws:ec2/vpc:Vpc", GROUP, "aws:ec2/natGateway:NatGateway")
def network_parts_have_names(inputs: Inputs) -> Iterator[str]:
    """What the console shows by id alone carries a Name."""
    if not (inputs.get("tags") or {}).get("Name"):
        yield "the tag Name is missing"


@rule("aws:ec2/vpcEndpoint:VpcEndpoint")
def endpoints_have_a_group_of_their_own(inputs: Inputs) -> Iterator[str]:
    """An interface endpoint names its security group, or it gets the default one."""
    if inputs.get("vpcEndpointType") == "Interface" and not inputs.get("securityGroupIds"):
        yield "securityGroupIds is missing"


@rule("aws:ec2/flowLog:FlowLog")
def flow_logs_record_refusals(inputs: Inputs) -> Iterator[str]:
    """What the firewall refused is recorded."""
    if inputs.get("trafficType") not in ("ALL", "REJECT"):
        yield f"trafficType is {inputs.get('trafficType')!r}; use ALL or REJECT"
