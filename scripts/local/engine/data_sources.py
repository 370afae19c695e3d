"""The functions that programs call for facts (`aws.get_region()`), by their token."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from scripts.local.engine.cloud import Cloud

Arguments = dict[str, Any]


def region(cloud: Cloud, _arguments: Arguments) -> Arguments:
    """aws.get_region."""
    return {"region": cloud.region, "name": cloud.region, "id": cloud.region, "description": "local"}


def caller_identity(cloud: Cloud, _arguments: Arguments) -> Arguments:
    """aws.get_caller_identity."""
    caller = cloud.call("sts.get_caller_identity")
    return {
        "accountId": caller["Account"],
        "arn": caller["Arn"],
        "userId": caller["UserId"],
        "id": caller["Account"],
    }


def partition(_cloud: Cloud, _arguments: Arguments) -> Arguments:
    """aws.get_partition."""
    return {"partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws", "id": "aws"}


def availability_zones(cloud: Cloud, _arguments: Arguments) -> Arguments:
    """aws.get_availability_zones."""
    zones = cloud.call("ec2.describe_availability_zones")["AvailabilityZones"]
    return {
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": [cloud.region],
        "id": cloud.region,
    }


def policy_document(_cloud: Cloud, arguments: Arguments) -> Arguments:
    """aws.iam.get_policy_document, in the form that Terraform's data source renders."""
    statements = [policy_statement(statement) for statement in arguments.get("statements") or []]
    document = json.dumps({"Version": arguments.get("version") or "2012-10-17", "Statement": statements}, indent=2)
    return {"json": document, "minifiedJson": json.dumps(json.loads(document)), "id": "policy-document"}


def policy_statement(given: Arguments) -> Arguments:
    """One statement of a policy."""
    names = {
        "sid": "Sid", "actions": "Action", "notActions": "NotAction", "resources": "Resource",
        "notResources": "NotResource",
    }  # fmt: skip
    statement: Arguments = {"Effect": given.get("effect") or "Allow"}
    statement |= {target: single(given[name]) for name, target in names.items() if given.get(name)}
    for name, target in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if given.get(name):
            statement[target] = {item["type"]: single(item["identifiers"]) for item in given[name]}
    for condition in given.get("conditions") or []:
        test = statement.setdefault("Condition", {}).setdefault(condition["test"], {})
        test[condition["variable"]] = single(condition["values"])
    return statement


def single(value: Any) -> Any:
    """The only item of a list of one; anything else as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def ecr_authorization_token(cloud: Cloud, _arguments: Arguments) -> Arguments:
    """aws.ecr.get_authorization_token."""
    data = cloud.call("ecr.get_authorization_token")["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return {
        "authorizationToken": data["authorizationToken"],
        "proxyEndpoint": data["proxyEndpoint"],
        "expiresAt": data["expiresAt"].isoformat(),
        "userName": user,
        "password": password,
        "id": cloud.region,
    }


DATA_SOURCES: dict[str, Callable[[Cloud, Arguments], Arguments]] = {
    "aws:index/getRegion:getRegion": region,
    "aws:index/getCallerIdentity:getCallerIdentity": caller_identity,
    "aws:index/getPartition:getPartition": partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": availability_zones,
    "aws:iam/getPolicyDocument:getPolicyDocument": policy_document,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": ecr_authorization_token,
}
