"""A load balancer's routing: listener rules and what they decide for a request.

The semantics are those of an Application Load Balancer: rules by priority, the first whose conditions all hold;
`*` stands for any characters and `?` for one; paths are compared with their case, host names without
(https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.local.errors import LocalRunError


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What rules look at. `path` is as the client sent it, `host` without the port."""

    method: str
    host: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition of a rule; it holds if any of its `values` matches. `header` is the name of an http-header one."""

    field: str
    values: tuple[str, ...]
    header: str = ""

    def holds(self, asked: Asked) -> bool:
        """Whether the request is of this kind."""
        match self.field:
            case "path-pattern":
                return any(matches(pattern, asked.path) for pattern in self.values)
            case "host-header":
                return any(matches(pattern.lower(), asked.host.lower()) for pattern in self.values)
            case "http-request-method":
                return asked.method in self.values
            case _:
                value = asked.headers.get(self.header)
                return value is not None and any(matches(p.lower(), value.lower()) for p in self.values)


@dataclass(frozen=True, kw_only=True)
class Action:
    """What to do: "forward" to `service`, answer with a "fixed-response", or "redirect" to `location`."""

    kind: str
    service: str = ""
    status: int = 0
    content_type: str = "text/plain"
    body: str = ""
    location: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Conditions that must all hold, and what happens then."""

    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True)
class Routing:
    """The rules in order of priority; the last one has no condition."""

    rules: tuple[Rule, ...]

    def decide(self, asked: Asked) -> Action:
        """The action of the first rule that applies."""
        return next(rule.action for rule in self.rules if all(condition.holds(asked) for condition in rule.conditions))

    @classmethod
    def from_rules(cls, described: Sequence[Mapping[str, Any]], service_of: Mapping[str, str]) -> Routing:
        """From DescribeRules' answer. `service_of`: target group ARN -> service.

        LocalRunError for conditions and actions that the front door does not know.
        """
        by_priority = sorted(described, key=lambda rule: (rule["Priority"] == "default", priority(rule)))
        return cls(
            tuple(
                Rule(
                    conditions=tuple(to_condition(condition) for condition in rule.get("Conditions", [])),
                    action=to_action(rule["Actions"], service_of),
                )
                for rule in by_priority
            )
        )


def priority(rule: Mapping[str, Any]) -> int:
    """The number of a rule; the default rule's is of no account."""
    return 0 if rule["Priority"] == "default" else int(rule["Priority"])


def matches(pattern: str, text: str) -> bool:
    """Whether the text is what the pattern with `*` and `?` describes."""
    parts = {"*": ".*", "?": "."}
    return re.fullmatch("".join(parts.get(sign) or re.escape(sign) for sign in pattern), text, re.DOTALL) is not None


CONFIGURATIONS = {
    "path-pattern": "PathPatternConfig",
    "host-header": "HostHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "http-header": "HttpHeaderConfig",
}


def to_condition(described: Mapping[str, Any]) -> Condition:
    """One condition of DescribeRules' answer."""
    field = described["Field"]
    if field not in CONFIGURATIONS:
        raise LocalRunError(f"the front door does not know listener rules with the condition {field}")
    block = described.get(CONFIGURATIONS[field]) or {}
    values = block.get("Values") or described.get("Values") or ()
    return Condition(field=field, values=tuple(values), header=block.get("HttpHeaderName", ""))


def to_action(described: Sequence[Mapping[str, Any]], service_of: Mapping[str, str]) -> Action:
    """The last action of a rule, which is the one that answers."""
    action = max(described, key=lambda item: item.get("Order") or 0)
    match action["Type"]:
        case "forward":
            return Action(kind="forward", service=service_of[target_group(action)])
        case "fixed-response":
            block = action["FixedResponseConfig"]
            return Action(
                kind="fixed-response",
                status=int(block["StatusCode"]),
                content_type=block.get("ContentType") or "text/plain",
                body=block.get("MessageBody") or "",
            )
        case "redirect":
            block = {"Protocol": "#{protocol}", "Host": "#{host}", "Port": "#{port}", "Path": "/#{path}"}
            block |= {"Query": "#{query}", **action["RedirectConfig"]}
            location = "{Protocol}://{Host}:{Port}{Path}?{Query}".format(**block)
            return Action(kind="redirect", status=int(block["StatusCode"].removeprefix("HTTP_")), location=location)
        case other:
            raise LocalRunError(f"the front door does not know listener rules with the action {other}")


def target_group(action: Mapping[str, Any]) -> str:
    """The target group that a forward action sends to: the first that has any weight."""
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    weighty = next((group["TargetGroupArn"] for group in groups if group.get("Weight", 1) > 0), None)
    return str(action.get("TargetGroupArn") or weighty)
