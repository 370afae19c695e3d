"""Rules about the way in."""

from __future__ import annotations

import json
from collections.abc import Iterator

from policy.rule import Inputs, rule

MODERN_TLS = ("ELBSecurityPolicy-TLS13-1-2-", "ELBSecurityPolicy-TLS13-1-3-")
TARGETS = "aws:lb/targetGroup:TargetGroup"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"


@rule(TARGETS)
def target_group_without_a_fixed_name(inputs: Inputs) -> Iterator[str]:
    """A target group with a fixed name cannot be replaced while a listener uses it."""
    if inputs.get("name"):
        yield f"the name {inputs['name']!r} is fixed; leave it to Pulumi"


@rule(TARGETS)
def target_group_asks_for_readiness(inputs: Inputs) -> Iterator[str]:
    """A health check asks a path made for it: the default, /, kills tasks that answer it with a redirect."""
    path = (inputs.get("healthCheck") or {}).get("path")
    if path in (None, "/"):
        yield f"the health check's path is {path!r}; name the one for readiness"


@rule(TARGETS)
def target_group_lets_go_quickly(inputs: Inputs) -> Iterator[str]:
    """Deregistration takes a minute at most: the default of five is added to every deployment."""
    if int(inputs.get("deregistrationDelay") or 300) > 60:
        yield "deregistrationDelay is above 60 s"


@rule(BALANCER)
def load_balancer_drops_malformed_headers(inputs: Inputs) -> Iterator[str]:
    """Headers that servers read differently from each other never come in."""
    if inputs.get("dropInvalidHeaderFields") is not True:
        yield "dropInvalidHeaderFields is off"


@rule(BALANCER, cloud_only=True)
def load_balancer_logs_requests(inputs: Inputs) -> Iterator[str]:
    """Every request is logged."""
    if not (inputs.get("accessLogs") or {}).get("enabled"):
        yield "accessLogs are off"


@rule(LISTENER)
def listener_speaks_modern_tls(inputs: Inputs) -> Iterator[str]:
    """TLS 1.2 with forward secrecy, or 1.3."""
    if inputs.get("protocol") == "HTTPS" and not str(inputs.get("sslPolicy")).startswith(MODERN_TLS):
        yield f"sslPolicy is {inputs.get('sslPolicy')!r}"


@rule(LISTENER)
def listener_is_closed_by_default(inputs: Inputs) -> Iterator[str]:
    """What no rule names goes nowhere: to a redirect or to a fixed answer."""
    for action in inputs.get("defaultActions") or []:
        if action.get("type") not in ("fixed-response", "redirect"):
            yield f"the default action is {action.get('type')!r}"


@rule(LISTENER)
def listener_asks_for_tls_next_time(inputs: Inputs) -> Iterator[str]:
    """Every answer over TLS says that the site has no other way in."""
    header = inputs.get("routingHttpResponseStrictTransportSecurityHeaderValue") or ""
    if inputs.get("protocol") == "HTTPS" and "max-age=" not in header:
        yield "no Strict-Transport-Security"


@rule(DISTRIBUTION)
def distribution_speaks_tls_alone(inputs: Inputs) -> Iterator[str]:
    """CloudFront redirects or refuses plain HTTP."""
    policy = (inputs.get("defaultCacheBehavior") or {}).get("viewerProtocolPolicy")
    if policy not in ("redirect-to-https", "https-only"):
        yield f"viewerProtocolPolicy is {policy!r}"


@rule(DISTRIBUTION)
def distribution_proves_itself_to_its_origin(inputs: Inputs) -> Iterator[str]:
    """An origin that anybody's distribution could reach is told a key."""
    for origin in inputs.get("origins") or []:
        if origin.get("customOriginConfig") and not origin.get("customHeaders"):
            yield f"the origin {origin.get('originId')!r} is told no key"


@rule(DISTRIBUTION)
def distribution_adds_security_headers(inputs: Inputs) -> Iterator[str]:
    """CloudFront adds the headers that protect browsers."""
    if not (inputs.get("defaultCacheBehavior") or {}).get("responseHeadersPolicyId"):
        yield "responseHeadersPolicyId is missing"


@rule("aws:wafv2/webAcl:WebAcl")
def web_firewall_limits_addresses(inputs: Inputs) -> Iterator[str]:
    """A web ACL limits what one address may ask."""
    if "rateBasedStatement" not in json.dumps(inputs.get("rules") or []):
        yield "no rule limits the rate"


@rule("aws:wafv2/webAcl:WebAcl")
def web_firewall_knows_common_attacks(inputs: Inputs) -> Iterator[str]:
    """A web ACL has AWS's common rule set."""
    if "AWSManagedRulesCommonRuleSet" not in json.dumps(inputs.get("rules") or []):
        yield "AWSManagedRulesCommonRuleSet is missing"
