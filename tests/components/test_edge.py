"""The way in: TLS towards people, each path to its service, health and metrics to nobody."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.config import EdgeShape
from components.edge import EdgeArgs, rule_priority
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


def test_a_shape_that_does_not_fit_the_domain_is_refused() -> None:
    args = EdgeArgs(shape=EdgeShape.DOMAIN, subnet_ids=[], security_group_id="", protect=False)
    with pytest.raises(ValueError, match="give both or neither"):
        args.validate()
