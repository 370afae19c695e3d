"""The way in: TLS towards people, each path to its service, health and metrics to nobody."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.access_logs import AccessLogsArgs
from components.config import EdgeShape
from components.edge import EdgeArgs, rule_priority
from components.web_firewall import WebFirewallArgs
from tests.support.stacks import Recorded, stack

TIERS = ("dev", "prod", "local")
PATTERNS = st.sets(st.text("ab/*-", min_size=1, max_size=128), min_size=1, max_size=60)
NOT_FOUND = {
    "type": "fixed-response",
    "fixedResponse": {"contentType": "text/plain", "messageBody": "Not found", "statusCode": "404"},
}


def priorities(patterns: set[str]) -> dict[str, int]:
    return {path: rule_priority(path, [p for p in patterns if len(p) == len(path)]) for path in patterns}


@given(PATTERNS)
def test_a_longer_pattern_is_always_tried_before_a_shorter_one(patterns: set[str]) -> None:
    found = priorities(patterns)
    assert len(set(found.values())) == len(patterns)
    assert all(1 < priority <= 50000 for priority in found.values())
    ordered = sorted(patterns, key=found.__getitem__)
    assert [len(path) for path in ordered] == sorted(map(len, patterns), reverse=True)


@given(PATTERNS, st.text("ab/*-", min_size=1, max_size=128))
def test_a_new_pattern_moves_no_rule_of_another_length(patterns: set[str], new: str) -> None:
    before, after = priorities(patterns), priorities(patterns | {new})
    assert all(after[path] == before[path] for path in patterns if len(path) != len(new))


def listeners(tier: str) -> dict[int, Recorded]:
    return {listener.inputs["port"]: listener for listener in stack(tier).of_type("lb/listener:Listener")}


@pytest.mark.parametrize("tier", TIERS)
def test_health_and_metrics_are_hidden_before_any_path_is_routed(tier: str) -> None:
    rules = sorted(stack(tier).of_type(":ListenerRule"), key=lambda rule: int(rule.inputs["priority"]))
    assert rules[0].inputs["priority"] == 1
    assert rules[0].inputs["conditions"] == [{"pathPattern": {"values": ["/health", "/health/*", "/metrics"]}}]
    assert rules[0].inputs["actions"] == [NOT_FOUND]
    for rule in rules[1:]:
        assert any(urn.endswith(f"::{rules[0].name}") for urn in rule.depends_on)


@pytest.mark.parametrize("tier", TIERS)
def test_paths_go_to_their_services_and_all_else_nowhere(tier: str) -> None:
    routes = {
        rule.inputs["conditions"][0]["pathPattern"]["values"][0]: rule.inputs["actions"][0]
        for rule in stack(tier).of_type(":ListenerRule")[1:]
    }
    targets = {path: action["targetGroupArn"].rpartition(":")[2] for path, action in routes.items()}
    assert targets == {"/api/*": f"sri-{tier}-gateway", "/*": f"sri-{tier}-frontend"}
    main = listeners(tier).get(443) or listeners(tier)[80]
    assert main.inputs["defaultActions"] == [NOT_FOUND]


def test_with_a_domain_http_is_redirected_and_tls_is_modern() -> None:
    found = listeners("prod")
    redirect = {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}
    assert found[80].inputs["defaultActions"] == [{"type": "redirect", "redirect": redirect}]
    assert found[443].inputs["protocol"] == "HTTPS"
    assert found[443].inputs["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    routed = {rule.inputs["listenerArn"] for rule in stack("prod").of_type(":ListenerRule")}
    assert routed == {"arn:aws:lb:us-east-1:123456789012:sri-prod-https"}


def test_the_domain_leads_to_the_load_balancer_with_a_proved_certificate() -> None:
    built = stack("prod")
    (certificate,) = built.of_type("acm/certificate:Certificate")
    assert (certificate.inputs["domainName"], certificate.inputs["validationMethod"]) == ("app.example.com", "DNS")
    records = {record.inputs["name"]: record.inputs for record in built.of_type("route53/record:Record")}
    assert set(records) == {"_proof.app.example.com", "app.example.com"}
    alias = records["app.example.com"]["aliases"][0]
    assert alias["name"].lower() == "sri-prod-1234567890.us-east-1.elb.amazonaws.com"


def distribution() -> dict[str, Any]:
    (found,) = stack("dev").of_type("cloudfront/distribution:Distribution")
    return found.inputs


def test_without_a_domain_cloudfront_gives_tls_and_caches_nothing() -> None:
    behavior = distribution()["defaultCacheBehavior"]
    assert behavior["viewerProtocolPolicy"] == "redirect-to-https"
    assert behavior["cachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert set(behavior["allowedMethods"]) >= {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert distribution()["viewerCertificate"] == {"cloudfrontDefaultCertificate": True}


@pytest.mark.parametrize("tier", ["prod", "local"])
def test_cloudfront_is_only_for_stacks_without_a_domain(tier: str) -> None:
    assert stack(tier).of_type(":Distribution") == []


@pytest.mark.parametrize(("tier", "protected"), [("dev", False), ("prod", True), ("local", False)])
def test_the_load_balancer_is_public_and_drops_malformed_headers(tier: str, protected: bool) -> None:
    (balancer,) = stack(tier).of_type("lb/loadBalancer:LoadBalancer")
    assert balancer.inputs["internal"] is False
    assert all("public" in subnet for subnet in balancer.inputs["subnets"])
    assert balancer.inputs["dropInvalidHeaderFields"] is True
    assert balancer.inputs["enableDeletionProtection"] is protected


@pytest.mark.parametrize("tier", TIERS)
def test_a_task_gets_requests_only_when_it_is_ready(tier: str) -> None:
    groups = stack(tier).of_type("lb/targetGroup:TargetGroup")
    assert {group.inputs["healthCheck"]["path"] for group in groups} == {"/health/ready"}
    assert {group.inputs["healthCheck"]["matcher"] for group in groups} == {"200"}
    assert not [group for group in groups if group.inputs.get("name")], "a fixed name could never be replaced"


def test_the_load_balancer_answers_cloudfront_of_this_stack_alone() -> None:
    """Other people's distributions come from the same addresses, but do not know the key."""
    (origin,) = distribution()["origins"]
    (header,) = origin["customHeaders"]
    assert header["name"] == "X-Origin-Key"
    assert re.fullmatch("[0-9a-f]{64}", header["value"])
    routed = [rule for rule in stack("dev").of_type(":ListenerRule") if rule.inputs["priority"] > 1]
    assert len(routed) == 2
    for rule in routed:
        wanted = {"httpHeaderName": "X-Origin-Key", "values": [header["value"]]}
        assert wanted in [condition.get("httpHeader") for condition in rule.inputs["conditions"]]
        assert "conditions" in rule.secret_inputs
    (found,) = stack("dev").of_type("cloudfront/distribution:Distribution")
    assert "origins" in found.secret_inputs


@pytest.mark.parametrize("tier", ["prod", "local"])
def test_where_no_cloudfront_stands_no_key_is_asked_for(tier: str) -> None:
    rules = stack(tier).of_type(":ListenerRule")
    assert not [c for rule in rules for c in rule.inputs["conditions"] if "httpHeader" in c]


@pytest.mark.parametrize(("tier", "mode"), [("dev", "preserve"), ("prod", None), ("local", None)])
def test_the_last_forwarded_address_is_the_users_own(tier: str, mode: str | None) -> None:
    """CloudFront notes it last; the load balancer, where it stands first, does so itself (its default)."""
    (balancer,) = stack(tier).of_type("lb/loadBalancer:LoadBalancer")
    assert balancer.inputs.get("xffHeaderProcessingMode") == mode


def test_every_answer_says_that_it_wants_tls_and_no_frames() -> None:
    inputs = listeners("prod")[443].inputs
    assert inputs["routingHttpResponseStrictTransportSecurityHeaderValue"].startswith("max-age=63072000")
    assert inputs["routingHttpResponseXContentTypeOptionsHeaderValue"] == "nosniff"
    assert inputs["routingHttpResponseXFrameOptionsHeaderValue"] == "DENY"
    assert inputs["routingHttpResponseServerEnabled"] is False
    managed = "67f7725c-6f97-4210-82d7-5512b31e9d03"  # SecurityHeadersPolicy in the CloudFront developer guide
    assert distribution()["defaultCacheBehavior"]["responseHeadersPolicyId"] == managed


@pytest.mark.parametrize(("tier", "days", "kept"), [("dev", 14, False), ("prod", 90, True)])
def test_every_request_is_logged_into_a_closed_bucket(tier: str, days: int, kept: bool) -> None:
    built = stack(tier)
    (bucket,) = built.of_type("s3/bucket:Bucket")
    assert bucket.inputs["forceDestroy"] is not kept
    (balancer,) = built.of_type("lb/loadBalancer:LoadBalancer")
    assert balancer.inputs["accessLogs"]["enabled"] is True
    (block,) = built.of_type(":BucketPublicAccessBlock")
    assert all(block.inputs[f"{verb}"] for verb in ("blockPublicAcls", "blockPublicPolicy", "restrictPublicBuckets"))
    (rule,) = built.of_type(":BucketLifecycleConfiguration")[0].inputs["rules"]
    assert rule["expiration"] == {"days": days}
    policy = json.loads(built.of_type(":BucketPolicy")[0].inputs["policy"])
    allowed = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    assert [s["Principal"] for s in allowed] == [{"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}]
    assert [s["Action"] for s in allowed] == ["s3:PutObject"]
    assert allowed[0]["Resource"].endswith("/edge/AWSLogs/123456789012/*")


def web_acl(tier: str, **config: object) -> Recorded:
    (found,) = stack(tier, **config).of_type("wafv2/webAcl:WebAcl")
    return found


@pytest.mark.parametrize(("tier", "scope", "associations"), [("dev", "CLOUDFRONT", 0), ("prod", "REGIONAL", 1)])
def test_the_web_firewall_stands_where_it_sees_the_users_address(tier: str, scope: str, associations: int) -> None:
    assert web_acl(tier).inputs["scope"] == scope
    assert len(stack(tier).of_type(":WebAclAssociation")) == associations
    if scope == "CLOUDFRONT":
        assert web_acl(tier).inputs["region"] == "us-east-1"
        assert distribution()["webAclId"].endswith(":sri-dev")


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_it_limits_every_address_and_asks_awss_own_rules(tier: str) -> None:
    rules = web_acl(tier).inputs["rules"]
    limits = {rule["name"]: rule["statement"].get("rateBasedStatement") for rule in rules}
    assert (limits["rate"]["limit"], limits["rate-auth"]["limit"]) == (3000, 300)
    assert limits["rate-auth"]["scopeDownStatement"]["byteMatchStatement"]["searchString"] == "/api/v1/auth/"
    groups = [rule["statement"].get("managedRuleGroupStatement", {}).get("name", "") for rule in rules]
    assert {group.removeprefix("AWSManagedRules") for group in groups if group} == {
        "AmazonIpReputationList",
        "CommonRuleSet",
        "KnownBadInputsRuleSet",
    }
    assert len({rule["priority"] for rule in rules}) == len(rules)


def test_limits_follow_the_configuration_and_dev_may_go_without() -> None:
    limits = web_acl("dev", web_firewall={"requests": 500, "auth_requests": 20}).inputs["rules"][:2]
    assert [rule["statement"]["rateBasedStatement"]["limit"] for rule in limits] == [500, 20]
    without = stack("dev", web_firewall={"enabled": False})
    assert without.of_type(":WebAcl") == []
    assert without.outputs["monthly_estimate"]["items"]["web_firewall"] == 0


def test_a_web_firewall_is_refused_where_it_cannot_stand_or_limit() -> None:
    args = WebFirewallArgs(shape=EdgeShape.LOCAL, region="", requests=100, auth_requests=10)
    with pytest.raises(ValueError, match="the embedded run has no web firewall"):
        args.validate()
    with pytest.raises(ValueError, match="200 of 100 requests"):
        replace(args, shape=EdgeShape.DOMAIN, auth_requests=200).validate()


def test_logs_that_nobody_could_read_are_refused() -> None:
    with pytest.raises(ValueError, match="use 1 or more"):
        AccessLogsArgs(account="", keep_days=0, keep_bucket=False).validate()


def test_a_key_for_an_edge_without_cloudfront_is_refused() -> None:
    args = EdgeArgs(shape=EdgeShape.CLOUDFRONT, subnet_ids=[], security_group_id="", protect=False)
    with pytest.raises(ValueError, match="cloudfront alone has an origin key"):
        args.validate()


def test_a_shape_that_does_not_fit_the_domain_is_refused() -> None:
    args = EdgeArgs(shape=EdgeShape.DOMAIN, subnet_ids=[], security_group_id="", protect=False)
    with pytest.raises(ValueError, match="give both or neither"):
        args.validate()
