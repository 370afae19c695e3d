"""What the account that a stack is deployed to has before: made in the emulator, and told."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from scripts.rehearsal.private_copy import PrivateCopy
from scripts.rehearsal.state_scan import name_of

CREDENTIALS = {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal"}


def client(service: str, region: str, endpoint: str) -> Any:
    """A boto3 client of the emulator."""
    return boto3.Session().client(
        service,  # type: ignore[call-overload]  # the stubs want a literal
        region_name=region,
        endpoint_url=endpoint,
        config=Config(retries={"total_max_attempts": 2}, proxies={}),
        **CREDENTIALS,
    )


def prepare(copy: PrivateCopy, endpoint: str) -> list[str]:
    """Make what the configuration says is there already; a sentence for each."""
    made: list[str] = []
    zone = copy.config.get(f"{copy.project}:hosted_zone")
    if zone:
        client("route53", copy.region, endpoint).create_hosted_zone(Name=zone, CallerReference="rehearsal")
        made.append(f"The hosted zone {zone} was made in the emulator: in AWS it has to be there.")
    if copy.config.get(f"{copy.project}:github_provider_exists"):
        client("iam", copy.region, endpoint).create_open_id_connect_provider(
            Url="https://token.actions.githubusercontent.com",
            ClientIDList=["sts.amazonaws.com"],
            ThumbprintList=["f" * 40],
        )
        made.append("GitHub's identity provider was made in the emulator: in AWS another stack has made it.")
    return made


def protection_off(resources: list[dict[str, Any]], region: str, endpoint: str) -> list[str]:
    """Let go of what refuses to be deleted, as its owner would by hand; the name of each."""
    let_go: list[str] = []
    for resource in resources:
        values, kind = resource.get("outputs") or {}, str(resource["type"])
        if kind == "aws:rds/instance:Instance" and values.get("deletionProtection"):
            client("rds", region, endpoint).modify_db_instance(
                DBInstanceIdentifier=values["identifier"], DeletionProtection=False, ApplyImmediately=True
            )
        elif kind == "aws:rds/cluster:Cluster" and values.get("deletionProtection"):
            client("rds", region, endpoint).modify_db_cluster(
                DBClusterIdentifier=values["clusterIdentifier"], DeletionProtection=False, ApplyImmediately=True
            )
        elif kind == "aws:lb/loadBalancer:LoadBalancer" and values.get("enableDeletionProtection"):
            client("elbv2", region, endpoint).modify_load_balancer_attributes(
                LoadBalancerArn=values["arn"],
                Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
            )
        elif kind == "aws:cognito/userPool:UserPool" and values.get("deletionProtection") == "ACTIVE":
            client("cognito-idp", region, endpoint).update_user_pool(
                UserPoolId=resource["id"], DeletionProtection="INACTIVE"
            )
        else:
            continue
        let_go.append(name_of(resource))
    return let_go
