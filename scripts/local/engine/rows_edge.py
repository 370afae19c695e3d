"""The load balancer, its target groups, listeners and rules."""

from __future__ import annotations

from typing import Any

from scripts.local.engine.rows import Creation, Row

ACTIONS = {
    "redirect": "redirectConfig",
    "fixedResponse": "fixedResponseConfig",
    "forward": "forwardConfig",
}
CONDITIONS = {
    "pathPattern": "path-pattern",
    "hostHeader": "host-header",
    "httpRequestMethod": "http-request-method",
    "httpHeader": "http-header",
}


def to_scheme(creation: Creation) -> None:
    """A flag here, a word there; and attributes that are set afterwards."""
    internal = creation.inputs.pop("internal", False)
    creation.inputs["scheme"] = "internal" if internal else "internet-facing"


ATTRIBUTES = {
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
}


def attributes(creation: Creation, names: dict[str, str]) -> list[dict[str, str]]:
    """The inputs that are attributes of a made resource, as the attribute calls want them."""
    given = {key: creation.given[name] for name, key in names.items() if creation.given.get(name) is not None}
    return [
        {"Key": key, "Value": str(value).lower() if isinstance(value, bool) else str(value)}
        for key, value in given.items()
    ]


def finish_load_balancer(creation: Creation) -> None:
    """Attributes; and the name under which the browser finds the platform: the local front door's."""
    chosen = attributes(creation, ATTRIBUTES)
    if chosen:
        creation.call("elbv2.modify_load_balancer_attributes", LoadBalancerArn=creation.id, Attributes=chosen)
    creation.outputs["dnsName"] = creation.facts.front_door
    creation.outputs["arnSuffix"] = creation.id.partition(":loadbalancer/")[2]


HEALTH_CHECK = {
    "path": "healthCheckPath",
    "protocol": "healthCheckProtocol",
    "interval": "healthCheckIntervalSeconds",
    "timeout": "healthCheckTimeoutSeconds",
    "healthyThreshold": "healthyThresholdCount",
    "unhealthyThreshold": "unhealthyThresholdCount",
}


def to_health_check(creation: Creation) -> None:
    """A block here, flat members there; one that is not known is left for the report."""
    for name, value in (creation.inputs.pop("healthCheck", None) or {}).items():
        if name == "matcher":
            creation.inputs["matcher"] = {"httpCode": value}
        else:
            creation.inputs[HEALTH_CHECK.get(name, f"healthCheck.{name}")] = value


TARGET_ATTRIBUTES = {"deregistrationDelay": "deregistration_delay.timeout_seconds"}


def finish_target_group(creation: Creation) -> None:
    """Attributes."""
    chosen = attributes(creation, TARGET_ATTRIBUTES)
    if chosen:
        creation.call("elbv2.modify_target_group_attributes", TargetGroupArn=creation.id, Attributes=chosen)
    creation.outputs["arnSuffix"] = creation.id.rpartition(":")[2]


def name_members(creation: Creation) -> None:
    """Actions and conditions say by their block what the call wants said by a field too."""
    for list_name in ("defaultActions", "actions"):
        if creation.inputs.get(list_name):
            creation.inputs[list_name] = [to_action(action) for action in creation.inputs[list_name]]
    if creation.inputs.get("conditions"):
        creation.inputs["conditions"] = [to_condition(condition) for condition in creation.inputs["conditions"]]


def to_action(action: dict[str, Any]) -> dict[str, Any]:
    """An action with the call's names."""
    return {ACTIONS.get(name, name): value for name, value in action.items()}


def to_condition(condition: dict[str, Any]) -> dict[str, Any]:
    """A condition with its field and the call's names; one that no field is known for stays, and is reported."""
    named: dict[str, Any] = {}
    for name, value in condition.items():
        if name in CONDITIONS:
            named["field"] = CONDITIONS[name]
            named[f"{name}Config"] = value
        else:
            named[name] = value
    return named


LISTENER_ARN = "Listeners.0.ListenerArn"
RULE_ARN = "Rules.0.RuleArn"

ROWS = {
    "aws:lb/loadBalancer:LoadBalancer": Row(
        create="elbv2.create_load_balancer",
        id="LoadBalancers.0.LoadBalancerArn",
        outputs_from="LoadBalancers.0",
        outputs={"arn": "LoadBalancers.0.LoadBalancerArn", "zoneId": "LoadBalancers.0.CanonicalHostedZoneId"},
        name="Name",
        rename={"loadBalancerType": "Type"},
        elsewhere=frozenset(ATTRIBUTES),
        prepare=to_scheme,
        finish=finish_load_balancer,
    ),
    "aws:lb/targetGroup:TargetGroup": Row(
        create="elbv2.create_target_group",
        id="TargetGroups.0.TargetGroupArn",
        outputs_from="TargetGroups.0",
        outputs={"arn": "TargetGroups.0.TargetGroupArn"},
        name="Name",
        elsewhere=frozenset(TARGET_ATTRIBUTES),
        prepare=to_health_check,
        finish=finish_target_group,
    ),
    "aws:lb/listener:Listener": Row(
        create="elbv2.create_listener", id=LISTENER_ARN, outputs={"arn": LISTENER_ARN}, prepare=name_members
    ),
    "aws:lb/listenerRule:ListenerRule": Row(
        create="elbv2.create_rule", id=RULE_ARN, outputs={"arn": RULE_ARN}, prepare=name_members
    ),
}
