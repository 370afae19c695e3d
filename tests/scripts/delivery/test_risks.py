"""Which changes put what at risk, from what a real engine said and rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.delivery.risks import KEEPERS, MEANINGS, Risk, blocking, find, unjudged
from scripts.stack import UNKNOWN
from tests.support.engine_events import changes, recorded, risks, step

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
DATABASE = "aws:rds/instance:Instance"
POOL = "aws:cognito/userPool:UserPool"
SERVICE = "aws:ecs/service:Service"
POLICY = "aws:iam/rolePolicy:RolePolicy"
WORLD = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "0.0.0.0/0"}


def test_a_recorded_preview_shows_every_risk_that_was_put_into_it() -> None:
    found = {(str(f.risk), f.resource): f.text for f in find(recorded("risky_preview"))}
    assert found == {
        ("replaces-database", "rds.Instance sri-dev"): "replaces the database (because of storageEncrypted)",
        ("replaces-user-pool", "cognito.UserPool sri-dev"): (
            "replaces the user pool and loses its users (because of usernameConfiguration)"
        ),
        ("deletes-data", "cloudwatch.LogGroup sri-dev-data"): (
            "keeps logs for less long, and deletes older ones (14 → 7)"
        ),
        ("deletes-data", "cloudwatch.LogGroup sri-dev-flow"): "deletes it and loses its logs",
        ("deletes-data", "s3.Bucket sri-dev-access-logs"): "deletes it and loses its objects",
        ("ends-sessions", "cognito.UserPoolClient sri-dev"): (
            "replaces the app client that every session was made for (because of userPoolId)"
        ),
        ("opens-network", "rds.Instance sri-dev"): "gives the database a public address",
        ("opens-network", "vpc.SecurityGroupIngressRule sri-dev-debug"): "opens port 5432 to the whole internet, ::/0",
        ("opens-network", "vpc.SecurityGroupIngressRule sri-dev-public-to-edge-80"): (
            "opens port 80 to the whole internet, 0.0.0.0/0 (before: port 80 to pl-98aa7fa00ac985097)"
        ),
        ("weakens-iam", "iam.RolePolicy sri-dev-data-execution"): "allows s3:* on every resource",
        ("drops-protection", "ec2.FlowLog sri-dev-flow"): "writes down no more who reaches what",
        ("drops-protection", "ecr.Repository sri-dev-data"): "lets tags be moved (IMMUTABLE → MUTABLE)",
        ("drops-protection", "ecs.Service sri-dev-data"): "rolls back no more",
        ("drops-encryption", "rds.Instance sri-dev"): "keeps its data unencrypted",
        ("drops-backups", "rds.Instance sri-dev"): "keeps backups for less long (1 → 0)",
    }


def test_the_first_deployment_of_dev_has_no_risk() -> None:
    assert find(recorded("first_update")) == []


def test_every_risk_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Risk)


@pytest.mark.parametrize("kind", [DATABASE, "aws:rds/cluster:Cluster"])
@pytest.mark.parametrize(("op", "name"), [("replace", "replaces-database"), ("delete", "deletes-database")])
def test_a_database_that_goes_is_a_risk(kind: str, op: str, name: str) -> None:
    assert risks(step(kind, op, old={"engine": "postgres"})) == [name]


def test_a_user_pool_that_goes_is_a_risk() -> None:
    assert risks(step(POOL, "delete")) == ["deletes-user-pool"]


@pytest.mark.parametrize("kind", KEEPERS)
def test_whatever_keeps_data_is_missed_when_it_goes(kind: str) -> None:
    assert risks(step(kind, "delete")) == ["deletes-data"]
    assert risks(step(kind, "replace")) == ["replaces-data"]


def test_what_is_retained_is_not_lost_when_it_leaves_the_stack() -> None:
    assert risks(step("aws:s3/bucket:Bucket", "delete", retained=True)) == []


@pytest.mark.parametrize(
    "new",
    [
        WORLD,
        {**WORLD, "cidrIpv4": None, "cidrIpv6": "::/0"},
        {"ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"},
    ],
)
def test_a_new_rule_that_lets_in_the_world_opens_the_network(new: dict[str, Any]) -> None:
    assert risks(step(INGRESS, "create", new=new)) == ["opens-network"]


@pytest.mark.parametrize(
    "new",
    [
        {"ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432, "referencedSecurityGroupId": "sg-1"},
        {"ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432, "referencedSecurityGroupId": UNKNOWN},
        {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "prefixListId": "pl-1"},
        {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16"},
    ],
)
def test_a_new_rule_for_a_known_few_does_not(new: dict[str, Any]) -> None:
    assert risks(step(INGRESS, "create", new=new)) == []


@pytest.mark.parametrize(
    "new",
    [
        {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/8"},
        {"ipProtocol": "tcp", "fromPort": 0, "toPort": 65535, "cidrIpv4": "10.0.0.0/16"},
        {"ipProtocol": "-1", "cidrIpv4": "10.0.0.0/16"},
        {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "192.168.0.0/16"},
    ],
)
def test_a_rule_that_gets_wider_opens_the_network(new: dict[str, Any]) -> None:
    old = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16"}
    assert risks(step(INGRESS, old=old, new=new)) == ["opens-network"]


def test_a_rule_that_gets_narrower_or_another_description_does_not() -> None:
    narrower = {**WORLD, "cidrIpv4": "10.0.0.0/8"}
    assert risks(step(INGRESS, old=WORLD, new=narrower)) == []
    assert risks(step(INGRESS, old=WORLD, new={**WORLD, "description": "TLS"})) == []


def test_rules_inside_a_group_count_as_well() -> None:
    rule = {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]}
    assert risks(step(GROUP, old={"ingress": []}, new={"ingress": [rule]})) == ["opens-network"]


def test_the_older_kind_of_rule_counts_as_well_but_only_inwards() -> None:
    kind = "aws:ec2/securityGroupRule:SecurityGroupRule"
    rule = {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}
    assert risks(step(kind, "create", new={**rule, "type": "ingress"})) == ["opens-network"]
    assert risks(step(kind, "create", new={**rule, "type": "egress"})) == []


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        (DATABASE, {"publiclyAccessible": False}, {"publiclyAccessible": True}),
        ("aws:lb/loadBalancer:LoadBalancer", {"internal": True}, {"internal": False}),
        (SERVICE, {"networkConfiguration": {}}, {"networkConfiguration": {"assignPublicIp": True}}),
        (
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True),
            dict.fromkeys(("blockPublicAcls", "ignorePublicAcls", "restrictPublicBuckets"), True),
        ),
    ],
)
def test_making_something_public_opens_the_network(kind: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    assert risks(step(kind, old=old, new=new)) == ["opens-network"]
    assert risks(step(kind, old=new, new=old)) == []


@pytest.mark.parametrize(
    ("kind", "old", "new", "name"),
    [
        (DATABASE, {"deletionProtection": True}, {"deletionProtection": False}, "drops-protection"),
        (POOL, {"deletionProtection": "ACTIVE"}, {"deletionProtection": "INACTIVE"}, "drops-protection"),
        (POOL, {"mfaConfiguration": "ON"}, {"mfaConfiguration": "OPTIONAL"}, "drops-protection"),
        (
            POOL,
            {"passwordPolicy": {"minimumLength": 12}},
            {"passwordPolicy": {"minimumLength": 8}},
            "drops-protection",
        ),
        (
            "aws:lb/loadBalancer:LoadBalancer",
            {"enableDeletionProtection": True},
            {"enableDeletionProtection": False},
            "drops-protection",
        ),
        ("aws:ecr/repository:Repository", {"forceDelete": False}, {"forceDelete": True}, "drops-protection"),
        ("aws:s3/bucket:Bucket", {}, {"forceDestroy": True, "x": 1}, "drops-protection"),
        (SERVICE, {"alarms": {"rollback": True}}, {"alarms": None}, "drops-protection"),
        (SERVICE, {"enableExecuteCommand": False}, {"enableExecuteCommand": True}, "drops-protection"),
        ("aws:rds/cluster:Cluster", {"storageEncrypted": True}, {"storageEncrypted": False}, "drops-encryption"),
        ("aws:cloudwatch/logGroup:LogGroup", {"kmsKeyId": "arn"}, {"kmsKeyId": None}, "drops-encryption"),
        ("aws:lb/listener:Listener", {"protocol": "HTTPS"}, {"protocol": "HTTP"}, "drops-encryption"),
        (DATABASE, {"backupRetentionPeriod": 14}, {"backupRetentionPeriod": 1}, "drops-backups"),
        (DATABASE, {"skipFinalSnapshot": False}, {"skipFinalSnapshot": True}, "drops-backups"),
        (
            "aws:rds/parameterGroup:ParameterGroup",
            {"parameters": [{"name": "rds.force_ssl", "value": "1"}]},
            {"parameters": []},
            "drops-encryption",
        ),
    ],
)
def test_switching_off_what_protects_is_a_risk(kind: str, old: dict[str, Any], new: dict[str, Any], name: str) -> None:
    assert risks(step(kind, old={"a": 1, **old}, new=new)) == [name]
    assert name not in risks(step(kind, old={"a": 1, **new}, new=old))
    assert risks(step(kind, "create", new=new)) == []


def test_what_a_preview_does_not_know_yet_is_no_risk_but_is_said() -> None:
    hidden = step(POLICY, "create", new={"policy": UNKNOWN}, name="sri-dev-task")
    shut = step(POOL, old={"deletionProtection": "ACTIVE"}, new={"deletionProtection": UNKNOWN})
    assert risks(hidden, shut) == []
    assert unjudged(changes(hidden, shut)) == ["iam.RolePolicy sri-dev-task"]


def test_a_resource_that_the_program_protects_no_more_is_a_risk() -> None:
    assert risks(step(DATABASE, old={"a": 1}, new={"a": 1}, was_protected=True)) == ["drops-protection"]


def test_without_the_firewall_the_platform_is_less_protected() -> None:
    assert risks(step("aws:wafv2/webAcl:WebAcl", "delete")) == ["drops-protection"]


def test_risks_are_told_from_the_most_costly_on_and_block_unless_each_is_allowed() -> None:
    found = find(recorded("risky_preview"))
    assert [*dict.fromkeys(finding.risk for finding in found)] == sorted(
        {finding.risk for finding in found}, key=list(Risk).index
    )
    names = [str(risk) for risk in dict.fromkeys(finding.risk for finding in found)]
    assert blocking(found, names) == []
    assert blocking(found, names[1:]) == [Risk.REPLACES_DATABASE]
    assert blocking([], []) == []
