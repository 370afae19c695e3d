"""What must hold of a deployed stack: a good one passes, and each thing that is not as it must be is a line."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.rehearsal import contract
from scripts.rehearsal.contract import Deployed
from services import catalog
from tests.support.stacks import stack

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:"
DIGEST = f"sha256:{'d' * 64}"


class MissingError(Exception):
    """What a client raises for a secret that is not there."""


class Answers:
    """A stack as AWS would tell of it: service of AWS -> call -> answer."""

    def __init__(self) -> None:
        built = stack("dev", image_digests={service.name: DIGEST for service in catalog.SERVICES})
        self.outputs: dict[str, Any] = json.loads(json.dumps(built.outputs))
        self.containers = {
            found.service: self._container(found) for found in built.containers() if found.kind == "serve"
        }
        self.services: dict[str, dict[str, Any]] = {
            name: {
                "status": "ACTIVE",
                "taskDefinition": name,
                "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
            }
            for name in self.containers
        }
        self.secrets = {ARN + "x": json.dumps({"username": "u", "password": "p" * 20}), ARN + "y": "k" * 40}
        self.rules = [
            {
                "Conditions": [{"Field": "path-pattern", "Values": [path]}],
                "Actions": [{"TargetGroupArn": service.name}],
            }
            for path, service in catalog.edge_routes()
        ]
        self.pool = {"Policies": {"PasswordPolicy": {"MinimumLength": 12}}}
        self.app = {"ClientSecret": "s" * 30, "PreventUserExistenceErrors": "ENABLED"}
        self.databases: list[dict[str, Any]] = [
            {"DBInstanceIdentifier": "db", "StorageEncrypted": True, "BackupRetentionPeriod": 1}
        ]
        self.block = {"BlockPublicAcls": True, "IgnorePublicAcls": True}
        self.retention = {"retentionInDays": 14}

    def _container(self, found: Any) -> dict[str, Any]:
        definition = copy.deepcopy(dict(found.definition))
        definition["image"] = f"{self.outputs['ecr_repository_urls'][found.service]}@{DIGEST}"
        reference = {"DATABASE_USER": f"{ARN}x:username::", "DATABASE_PASSWORD": f"{ARN}x:password::"}
        definition["secrets"] = [{"name": name, "valueFrom": reference.get(name, ARN + "y")} for name in found.secrets]
        return definition

    def ask(self, service: str) -> Any:
        """A client."""
        return SimpleNamespace(**getattr(self, service.replace("-", "_"))())

    def ecs(self) -> dict[str, Callable[..., Any]]:
        names = {physical: name for name, physical in self.outputs["service_names"].items()}
        return {
            "describe_services": lambda services, **_: {
                "services": [self.services[names[services[0]]]] if names.get(services[0]) in self.services else []
            },
            "describe_task_definition": lambda **asked: {
                "taskDefinition": {"containerDefinitions": [self.containers[asked["taskDefinition"]]]}
            },
        }

    def secretsmanager(self) -> dict[str, Any]:
        def get(SecretId: str, **_: Any) -> dict[str, str]:  # noqa: N803 - the API's name
            if SecretId not in self.secrets:
                raise MissingError
            return {"SecretString": self.secrets[SecretId]}

        return {
            "get_secret_value": get,
            "exceptions": SimpleNamespace(ResourceNotFoundException=MissingError),
            "list_secrets": lambda **_: {"SecretList": [{"ARN": arn, "Name": arn[-1]} for arn in self.secrets]},
        }

    def elbv2(self) -> dict[str, Callable[..., Any]]:
        groups = [{"TargetGroupArn": service.name, "Port": service.port} for service in catalog.SERVICES]
        return {
            "describe_load_balancers": lambda: {"LoadBalancers": [{"LoadBalancerArn": "b"}]},
            "describe_listeners": lambda **_: {"Listeners": [{"ListenerArn": "l"}]},
            "describe_target_groups": lambda: {"TargetGroups": groups},
            "describe_rules": lambda **_: {"Rules": self.rules},
        }

    def cognito_idp(self) -> dict[str, Callable[..., Any]]:
        return {
            "describe_user_pool": lambda **_: {"UserPool": self.pool},
            "describe_user_pool_client": lambda **_: {"UserPoolClient": self.app},
        }

    def rds(self) -> dict[str, Callable[..., Any]]:
        return {"describe_db_instances": lambda: {"DBInstances": self.databases}}

    def s3(self) -> dict[str, Callable[..., Any]]:
        return {
            "list_buckets": lambda: {"Buckets": [{"Name": "logs"}]},
            "get_public_access_block": lambda **_: {"PublicAccessBlockConfiguration": self.block},
        }

    def logs(self) -> dict[str, Callable[..., Any]]:
        return {
            "describe_log_groups": lambda **asked: {
                "logGroups": [{"logGroupName": asked["logGroupNamePrefix"], **self.retention}]
            }
        }


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def deployed(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    monkeypatch.setattr(Deployed, "ask", lambda _self, service: answers.ask(service))
    return Deployed(answers.outputs, {service.name: DIGEST for service in catalog.SERVICES}, "")


def test_a_good_stack_holds_to_all_of_it(deployed: Deployed) -> None:
    assert contract.broken(deployed) == []


def told(container: dict[str, Any], name: str) -> dict[str, str]:
    return next(item for item in container["environment"] if item["name"] == name)


BREAKS: dict[str, tuple[Callable[[Answers], Any], str]] = {
    "service": (lambda a: a.services.pop("data"), "data is not there"),
    "breaker": (lambda a: a.services["data"].pop("deploymentConfiguration"), "data does not roll back a deployment"),
    "shell": (lambda a: a.services["data"].update(enableExecuteCommand=True), "data lets people into its tasks"),
    "image": (lambda a: a.containers["data"].update(image="x:latest"), "data runs another image than"),
    "root": (lambda a: a.containers["data"].update(user="0:0"), "data runs as root"),
    "nobody": (lambda a: a.containers["data"].update(user=""), "data runs as root"),
    "file system": (lambda a: a.containers["data"].update(readonlyRootFilesystem=False), "data can write to its root"),
    "port": (lambda a: a.containers["data"].update(portMappings=[]), "data does not listen on 8002"),
    "issuer": (lambda a: told(a.containers["data"], "COGNITO_ISSUER").update(value="x"), "data: COGNITO_ISSUER is not"),
    "callee": (lambda a: told(a.containers["gateway"], "DATA_URL").update(value="x"), "gateway is not told where data"),
    "no secret": (lambda a: a.containers["data"].update(secrets=[]), "data: DATABASE_PASSWORD is no secret of"),
    "empty secret": (lambda a: a.secrets.pop(ARN + "y"), "identity: SESSION_KEYS names a secret that holds nothing"),
    "member": (lambda a: a.secrets.update({ARN + "x": "{}"}), "data: DATABASE_USER names a secret that holds nothing"),
    "clear text": (
        lambda a: told(a.containers["data"], "DATABASE_NAME").update(value="p" * 20),
        "data: DATABASE_PASSWORD stands in clear text too",
    ),
    "path": (lambda a: a.rules.pop(0), "/api/* does not lead to gateway"),
    "client": (lambda a: a.app.pop("ClientSecret"), "the app client has no secret"),
    "enumeration": (lambda a: a.app.pop("PreventUserExistenceErrors"), "the app client tells who has an account"),
    "password": (lambda a: a.pool["Policies"]["PasswordPolicy"].update(MinimumLength=8), "less than twelve characters"),
    "database": (lambda a: a.databases.clear(), "there is no database"),
    "public": (lambda a: a.databases[0].update(PubliclyAccessible=True), "db is public"),
    "encryption": (lambda a: a.databases[0].pop("StorageEncrypted"), "db is not encrypted"),
    "backup": (lambda a: a.databases[0].pop("BackupRetentionPeriod"), "db is not backed up"),
    "bucket": (lambda a: a.block.update(IgnorePublicAcls=False), "the bucket logs may be made public"),
    "logs": (lambda a: a.retention.clear(), "the log group of data is not there, or keeps everything"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BREAKS))
def test_what_is_not_as_it_must_be_is_told(name: str, answers: Answers, deployed: Deployed) -> None:
    break_it, line = BREAKS[name]
    break_it(answers)
    found = contract.broken(deployed)
    assert any(line in failure for failure in found), found


def test_every_secret_of_the_stack_is_known_but_names_of_users(deployed: Deployed) -> None:
    assert contract.secrets_of(deployed) == {"x (password)": "p" * 20, "y": "k" * 40}
