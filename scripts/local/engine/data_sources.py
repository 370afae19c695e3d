"""The functions that programs call for facts (`aws.get_region()`), by their token."""

from __future__ import annotations

import base64
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


def availability_zones(cloud: Cloud, _arguments: Arguments) -> Arguments:
    """aws.get_availability_zones."""
    zones = cloud.call("ec2.describe_availability_zones")["AvailabilityZones"]
    return {
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": [cloud.region],
        "id": cloud.region,
    }


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
    "aws:index/getAvailabilityZones:getAvailabilityZones": availability_zones,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": ecr_authorization_token,
}
