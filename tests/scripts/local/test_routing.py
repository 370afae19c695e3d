"""The routing of a load balancer, from its rules as the emulator describes them."""

from __future__ import annotations

from typing import Any

import pytest
from multidict import CIMultiDict

from scripts.local.errors import LocalRunError
from scripts.local.routing import Asked, Routing, matches


def asked(path: str = "/", *, method: str = "GET", host: str = "localhost", **headers: str) -> Asked:
    return Asked(method=method, host=host, path=path, headers=CIMultiDict(headers))


def rule(priority: str, action: dict[str, Any], *conditions: dict[str, Any]) -> dict[str, Any]:
    return {"Priority": priority, "Actions": [action], "Conditions": list(conditions)}


def paths(*values: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values)}}


def forward(group: str) -> dict[str, Any]:
    return {"Type": "forward", "TargetGroupArn": group}


def fixed(status: str) -> dict[str, Any]:
    return {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": status, "MessageBody": "none"}}


SERVICE_OF = {"arn:api": "gateway", "arn:web": "frontend"}
NOTHING = rule("default", fixed("404"))


def routing(*rules: dict[str, Any]) -> Routing:
    return Routing.from_rules([*rules, NOTHING], SERVICE_OF)


def test_the_rule_with_the_lowest_number_decides_however_they_are_listed() -> None:
    both = routing(rule("200", forward("arn:web"), paths("/*")), rule("30", forward("arn:api"), paths("/api/*")))
    assert both.decide(asked("/api/v1/users")).service == "gateway"
    assert both.decide(asked("/apis")).service == "frontend"


def test_without_a_rule_that_applies_the_default_answers() -> None:
    action = routing(rule("1", forward("arn:api"), paths("/api/*"))).decide(asked("/other"))
    assert (action.kind, action.status, action.body) == ("fixed-response", 404, "none")


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("/api/*", "/api/", True),
        ("/api/*", "/api/a/b?c", True),
        ("/api/*", "/api", False),
        ("/api/*", "/API/x", False),
        ("/a?c", "/abc", True),
        ("/a?c", "/ac", False),
        ("/a.c", "/abc", False),
        ("*/health", "/x/health", True),
        ("/health", "/health/live", False),
    ],
)
def test_a_pattern_matches_as_a_load_balancer_does(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


def test_all_conditions_of_a_rule_must_hold() -> None:
    host = {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.org"]}}
    method = {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["POST"]}}
    header = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Edge", "Values": ["yes*"]}}
    strict = routing(rule("1", forward("arn:api"), paths("/a"), host, method, header))
    right = {"path": "/a", "method": "POST", "host": "App.example.org", "X-Edge": "Yes, it is"}
    assert strict.decide(asked(**right)).service == "gateway"
    for name, value in {"path": "/b", "method": "GET", "host": "example.org", "X-Edge": "no"}.items():
        assert strict.decide(asked(**{**right, name: value})).service == ""


def test_a_weighted_forward_goes_where_there_is_weight() -> None:
    groups = [{"TargetGroupArn": "arn:web", "Weight": 0}, {"TargetGroupArn": "arn:api", "Weight": 1}]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    assert routing(rule("1", action, paths("/*"))).decide(asked()).service == "gateway"


def test_an_unknown_condition_is_refused_by_name() -> None:
    with pytest.raises(LocalRunError, match="condition source-ip"):
        routing(rule("1", forward("arn:api"), {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}))


def test_an_unknown_action_is_refused_by_name() -> None:
    with pytest.raises(LocalRunError, match="action authenticate-oidc"):
        routing(rule("1", {"Type": "authenticate-oidc"}, paths("/*")))
