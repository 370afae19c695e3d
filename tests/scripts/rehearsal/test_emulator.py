"""What the emulator of a rehearsal does that moto does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.rehearsal import account, contract, gaps
from scripts.rehearsal.contract import Deployed
from scripts.rehearsal.private_copy import make_copy

REGION = "us-east-1"


def ask(endpoint: str, service: str) -> Any:
    return account.client(service, REGION, endpoint)


def test_a_call_that_the_emulator_does_not_know_is_refused_at_once(endpoint: str) -> None:
    with pytest.raises(ClientError, match="the emulator does not know this call") as raised:
        ask(endpoint, "cloudwatch").put_composite_alarm(AlarmName="a", AlarmRule="ALARM(b)")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_services_are_steady_and_keep_what_they_are_told(endpoint: str) -> None:
    ecs = ask(endpoint, "ecs")
    ecs.create_cluster(clusterName="c")
    container = {"name": "a", "image": "a", "memory": 128}
    task = ecs.register_task_definition(family="t", containerDefinitions=[container])["taskDefinition"]
    ecs.create_service(
        cluster="c", serviceName="s", taskDefinition=task["taskDefinitionArn"], desiredCount=2,
        healthCheckGracePeriodSeconds=60, enableExecuteCommand=False,
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )  # fmt: skip
    (service,) = ecs.describe_services(cluster="c", services=["s"])["services"]
    assert (service["runningCount"], service["deployments"][0]["rolloutState"]) == (2, "COMPLETED")
    assert service["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"]
    assert service["healthCheckGracePeriodSeconds"] == 60


def test_tags_of_budgets_are_kept(endpoint: str) -> None:
    budgets, arn = ask(endpoint, "budgets"), "arn:aws:budgets::123456789012:budget/b"
    budgets.create_budget(
        AccountId="123456789012",
        Budget={
            "BudgetName": "b",
            "TimeUnit": "MONTHLY",
            "BudgetType": "COST",
            "BudgetLimit": {"Amount": "1", "Unit": "USD"},
        },
        ResourceTags=[{"Key": "Project", "Value": "sri"}],
    )
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "Project", "Value": "sri"}]


def test_scopes_of_a_pool_can_be_deleted(endpoint: str) -> None:
    cognito = ask(endpoint, "cognito-idp")
    pool = cognito.create_user_pool(PoolName="p")["UserPool"]["Id"]
    cognito.create_resource_server(UserPoolId=pool, Identifier="api", Name="api")
    cognito.delete_resource_server(UserPoolId=pool, Identifier="api")
    assert cognito.list_resource_servers(UserPoolId=pool, MaxResults=5)["ResourceServers"] == []


def test_what_has_to_be_there_in_aws_is_made_and_told(endpoint: str, project: Path, tmp_path: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text(
        "config: {'sri:hosted_zone': rehearsed.example, 'sri:github_provider_exists': true}\n"
    )
    told = account.prepare(make_copy(project, tmp_path / "copy", "dev", endpoint), endpoint)
    assert [line.partition(" was made")[0] for line in told] == [
        "The hosted zone rehearsed.example",
        "GitHub's identity provider",
    ]
    zones = ask(endpoint, "route53").list_hosted_zones()["HostedZones"]
    assert [zone["Name"] for zone in zones] == ["rehearsed.example."]


def test_what_is_left_over_is_counted(endpoint: str) -> None:
    ask(endpoint, "s3").create_bucket(Bucket="left-over-bucket")
    assert "1 buckets are still there" in contract.left_over(Deployed({"region": REGION}, {}, endpoint))


def test_every_gap_that_is_filled_is_told_as_a_sentence() -> None:
    assert len(gaps.sentences()) == len(gaps.GAPS) > 5
    assert all(sentence.endswith(".") and len(sentence) > 40 for sentence in gaps.sentences())
