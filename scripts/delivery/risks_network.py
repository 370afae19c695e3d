"""Whether a change lets more of the world in."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.delivery.steps import Step
from scripts.stack import UNKNOWN

OPENS = "opens-network"

_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
_PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_PUBLIC_ACCESS_KEYS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

_ALL_PORTS = (0, 65535)


@dataclass(frozen=True)
class Opening:
    """Who may reach which ports: `source` an address range, or the id of a group or a prefix list."""

    protocol: str
    ports: tuple[int, int]
    source: str

    def within(self, others: Iterable[Opening]) -> bool:
        """Whether one of the others lets in all that this one does."""
        return any(self._is_within(other) for other in others)

    def _is_within(self, other: Opening) -> bool:
        if other.protocol not in ("-1", self.protocol):
            return False
        low, high = other.ports
        return low <= self.ports[0] and self.ports[1] <= high and _covers(other.source, self.source)

    @property
    def is_world(self) -> bool:
        """Whether anybody may."""
        network = _network(self.source)
        return network is not None and network.prefixlen == 0

    def __str__(self) -> str:
        low, high = self.ports
        ports = "every port" if self.ports == _ALL_PORTS else f"port {low}" if low == high else f"ports {low} to {high}"
        return f"{ports} to {'the whole internet, ' if self.is_world else ''}{self.source}"


def opened(step: Step) -> Iterator[tuple[str, str]]:
    """What the step opens that was closed before."""
    if step.op == "delete":
        if step.type == _PUBLIC_ACCESS:
            yield OPENS, "removes what keeps the bucket from being public"
        return
    before = list(_openings(step.type, step.old))
    for opening in _openings(step.type, step.new):
        # A new rule between the platform's own groups is a change like any other; a rule that is there must not widen.
        if (opening.is_world or before) and not opening.within(before):
            yield OPENS, f"opens {opening}" + (f" (before: {before[0]})" if before else "")
    yield from _made_public(step)


def _made_public(step: Step) -> Iterator[tuple[str, str]]:
    old, new = step.old, step.new
    if new.get("publiclyAccessible") is True and old.get("publiclyAccessible") is not True:
        yield OPENS, "gives the database a public address"
    if step.type == "aws:lb/loadBalancer:LoadBalancer" and old.get("internal") is True and not new.get("internal"):
        yield OPENS, "makes the internal load balancer public"
    if step.type == _PUBLIC_ACCESS:
        for key in _PUBLIC_ACCESS_KEYS:
            if new.get(key) is not True and (old.get(key) is True or not old):
                yield OPENS, f"leaves {key} off: the bucket can be made public"
    if step.type == "aws:ecs/service:Service" and old:
        was, now = (_mapping(side.get("networkConfiguration")).get("assignPublicIp") for side in (old, new))
        if now is True and was is not True:
            yield OPENS, "gives the tasks public addresses"


def _openings(kind: str, inputs: Mapping[str, Any]) -> Iterator[Opening]:
    """What the inputs of a rule, or of a group with rules in it, let in."""
    if kind == _RULE:
        yield from _of_rule(inputs, ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"), "ipProtocol")
    elif kind == _OLD_RULE and inputs.get("type") == "ingress":
        yield from _of_rule(inputs, ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "sourceSecurityGroupId"))
    elif kind in _GROUPS:
        for rule in inputs.get("ingress") or ():
            yield from _of_rule(_mapping(rule), ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups"))


def _of_rule(rule: Mapping[str, Any], sources: Iterable[str], protocol_key: str = "protocol") -> Iterator[Opening]:
    protocol = str(rule.get(protocol_key, "-1")).replace("all", "-1")
    ports = _ALL_PORTS if protocol == "-1" else (_port(rule.get("fromPort"), 0), _port(rule.get("toPort"), 65535))
    for key in sources:
        value = rule.get(key)
        for source in value if isinstance(value, list) else [value] if value else []:
            if source != UNKNOWN:  # the id of a group that is yet to be made
                yield Opening(protocol, ports, str(source))


def _port(value: Any, otherwise: int) -> int:
    return int(value) if isinstance(value, int | float) and value >= 0 else otherwise


def _covers(wide: str, narrow: str) -> bool:
    outer, inner = _network(wide), _network(narrow)
    if isinstance(outer, ipaddress.IPv4Network) and isinstance(inner, ipaddress.IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(outer, ipaddress.IPv6Network) and isinstance(inner, ipaddress.IPv6Network):
        return inner.subnet_of(outer)
    return wide == narrow


def _network(source: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(source, strict=False)
    except ValueError:
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
