"""What is refused before any service sees it: known attacks, addresses of bad repute, and too many requests.

This module costs every run that imports it 700 ms (the SDK's package for WAF): import it only where one is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.config import EdgeShape, StackConfig
from services import catalog

MANAGED_RULES = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
)
"""AWS's own rule groups, free of charge beyond the rule (WAF developer guide, "aws-managed-rule-groups-list")."""

COUNTED_ONLY = {"AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",)}
"""Rules that would refuse what the platform allows: the services bound bodies themselves, at more than 8 KiB."""

AUTH_PATH = f"{catalog.API_PREFIX}/auth/"


@dataclass(frozen=True, kw_only=True)
class WebFirewallArgs:
    """`requests` and `auth_requests`: of one address in five minutes, in all and to the paths of signing in."""

    shape: EdgeShape
    region: str
    requests: int
    auth_requests: int

    @classmethod
    def of(cls, config: StackConfig) -> Self:
        """The stack's own."""
        return cls(
            shape=config.edge_shape,
            region=config.region,
            requests=config.web_firewall.requests,
            auth_requests=config.web_firewall.auth_requests,
        )

    def validate(self) -> None:
        """Raises ValueError for limits that WAF does not take, or that make no sense together."""
        if self.shape is EdgeShape.LOCAL:
            raise ValueError("the embedded run has no web firewall")
        if not 10 <= self.auth_requests <= self.requests <= 2_000_000_000:
            raise ValueError(f"{self.auth_requests} of {self.requests} requests; use 10 or more, and no more of a part")


class WebFirewall(Component):
    """A web ACL: at the load balancer where TLS ends there, else at CloudFront, which sees the user's own address."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: WebFirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        at_cloudfront = args.shape is EdgeShape.CLOUDFRONT
        self.arn = aws.wafv2.WebAcl(
            name,
            scope="CLOUDFRONT" if at_cloudfront else "REGIONAL",
            # CloudFront takes web ACLs of this region alone, wherever the stack is.
            region="us-east-1" if at_cloudfront else args.region,
            default_action={"allow": {}},
            rules=list(rules(args)),
            visibility_config=_visible(name),
            opts=self.child(),
        ).arn
        self.finish()

    def protect(self, load_balancer: aws.lb.LoadBalancer) -> None:
        """Stand before `load_balancer`."""
        aws.wafv2.WebAclAssociation(self.name, resource_arn=load_balancer.arn, web_acl_arn=self.arn, opts=self.child())


def rules(args: WebFirewallArgs) -> Iterator[Any]:
    """The web ACL's rules, the cheapest to evaluate first."""
    yield _limit("rate", 0, args.requests)
    yield _limit("rate-auth", 1, args.auth_requests, _begins_with(AUTH_PATH))
    for priority, group in enumerate(MANAGED_RULES, start=2):
        counted = [{"name": rule, "action_to_use": {"count": {}}} for rule in COUNTED_ONLY.get(group, ())]
        yield {
            "name": group,
            "priority": priority,
            "override_action": {"none": {}},
            "statement": {
                "managed_rule_group_statement": {
                    "vendor_name": "AWS",
                    "name": group,
                    "rule_action_overrides": counted,
                }
            },
            "visibility_config": _visible(group),
        }


def _limit(name: str, priority: int, requests: int, scope: Any = None) -> Any:
    statement: dict[str, Any] = {"limit": requests, "aggregate_key_type": "IP", "evaluation_window_sec": 300}
    if scope is not None:
        statement["scope_down_statement"] = scope
    return {
        "name": name,
        "priority": priority,
        "action": {"block": {"custom_response": {"response_code": 429}}},
        "statement": {"rate_based_statement": statement},
        "visibility_config": _visible(name),
    }


def _begins_with(path: str) -> Any:
    return {
        "byte_match_statement": {
            "search_string": path,
            "positional_constraint": "STARTS_WITH",
            "field_to_match": {"uri_path": {}},
            # The same path in other spellings: /api//v1/%61uth/.
            "text_transformations": [
                {"priority": 0, "type": "URL_DECODE"},
                {"priority": 1, "type": "NORMALIZE_PATH"},
            ],
        }
    }


def _visible(name: str) -> Any:
    return {"cloudwatch_metrics_enabled": True, "metric_name": name, "sampled_requests_enabled": True}
