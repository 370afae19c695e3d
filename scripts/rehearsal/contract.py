"""What must be true of a deployed stack, asked of AWS itself (here: of the emulator), not of the program."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.rehearsal.account import client
from scripts.secret_reference import SecretReferenceError, value_of
from services import catalog
from services.catalog import Need

Failures = Iterator[str]
GONE = "is not there"


@dataclass(frozen=True)
class Deployed:
    """A stack by its outputs, and where to ask. `digests`: service -> the image's."""

    outputs: Mapping[str, Any]
    digests: Mapping[str, str]
    endpoint: str

    def ask(self, service: str) -> Any:
        """A client of one service of AWS."""
        return client(service, self.outputs["region"], self.endpoint)

    def container(self, service: str) -> dict[str, Any]:
        """The one container of a service's task."""
        ecs = self.ask("ecs")
        name = self.outputs["service_names"][service]
        found = ecs.describe_services(cluster=self.outputs["cluster_name"], services=[name])["services"][0]
        task = ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]
        return dict(task["containerDefinitions"][0])


def services_run(deployed: Deployed) -> Failures:
    """Every service of the catalog is in the cluster, takes back a deployment that fails, and lets nobody in."""
    names = deployed.outputs["service_names"]
    for service in catalog.SERVICES:
        found = deployed.ask("ecs").describe_services(
            cluster=deployed.outputs["cluster_name"], services=[names[service.name]]
        )["services"]
        if not found or found[0]["status"] != "ACTIVE":
            yield f"{service.name} {GONE}"
            continue
        breaker = found[0].get("deploymentConfiguration", {}).get("deploymentCircuitBreaker", {})
        if not (breaker.get("enable") and breaker.get("rollback")):
            yield f"{service.name} does not roll back a deployment that fails"
        if found[0].get("enableExecuteCommand"):
            yield f"{service.name} lets people into its tasks"


def images_go_by_digest(deployed: Deployed) -> Failures:
    """Every task names its image by the digest that was asked for, in the stack's own repository."""
    for service in catalog.SERVICES:
        wanted = f"{deployed.outputs['ecr_repository_urls'][service.name]}@{deployed.digests[service.name]}"
        if deployed.container(service.name)["image"] != wanted:
            yield f"{service.name} runs another image than {wanted}"


def containers_are_closed(deployed: Deployed) -> Failures:
    """Containers run as a user of no rights, cannot write to their file system, and listen where the catalog says."""
    for service in catalog.SERVICES:
        container = deployed.container(service.name)
        if container.get("user", "").partition(":")[0] in ("", "0", "root"):
            yield f"{service.name} runs as root"
        if not container.get("readonlyRootFilesystem"):
            yield f"{service.name} can write to its root file system"
        if [mapping["containerPort"] for mapping in container["portMappings"]] != [service.port]:
            yield f"{service.name} does not listen on {service.port}"


def services_are_told(deployed: Deployed) -> Failures:
    """Every service is told the stack's pool, client, issuer and keys, and where the services are that it calls."""
    wanted = {
        "AWS_REGION": "region",
        "COGNITO_USER_POOL_ID": "cognito_user_pool_id",
        "COGNITO_CLIENT_ID": "cognito_user_pool_client_id",
        "COGNITO_ISSUER": "cognito_issuer",
        "COGNITO_JWKS_URL": "cognito_jwks_url",
    }
    for service in catalog.SERVICES:
        told = {item["name"]: item["value"] for item in deployed.container(service.name)["environment"]}
        for variable, output in wanted.items():
            if told.get(variable) != deployed.outputs[output]:
                yield f"{service.name}: {variable} is not the stack's {output}"
        for callee in catalog.called_by(service):
            if not told.get(callee.url_variable, "").endswith(f":{callee.port}"):
                yield f"{service.name} is not told where {callee.name} is"


def secrets_resolve(deployed: Deployed) -> Failures:
    """Every secret that a task names is there, has the member that is named, and stands in no plain variable."""
    manager = deployed.ask("secretsmanager")
    for service in catalog.SERVICES:
        container = deployed.container(service.name)
        plain = {item["value"] for item in container["environment"]}
        named = {item["name"]: item["valueFrom"] for item in container.get("secrets", [])}
        for variable in expected_secrets(service) - named.keys():
            yield f"{service.name}: {variable} is no secret of its task"
        for variable, reference in named.items():
            value = _value(manager, reference)
            if not value:
                yield f"{service.name}: {variable} names a secret that holds nothing"
            elif value in plain:
                yield f"{service.name}: {variable} stands in clear text too"


def _value(manager: Any, reference: str) -> str:
    """What ECS would read; "" if there is nothing."""
    try:
        return value_of(manager, reference)
    except (SecretReferenceError, manager.exceptions.ResourceNotFoundException):
        return ""


def expected_secrets(service: catalog.Service) -> set[str]:
    """What a service with these needs is told in secret."""
    sessions = {"COGNITO_CLIENT_SECRET", "SESSION_KEYS"} if Need.SESSIONS in service.needs else set()
    database = {"DATABASE_USER", "DATABASE_PASSWORD"} if Need.DATABASE in service.needs else set()
    return sessions | database


def paths_lead_to_services(deployed: Deployed) -> Failures:
    """The load balancer leads each public path of the catalog to a target group on its service's port."""
    balancer = deployed.ask("elbv2")
    listeners = [
        listener
        for found in balancer.describe_load_balancers()["LoadBalancers"]
        for listener in balancer.describe_listeners(LoadBalancerArn=found["LoadBalancerArn"])["Listeners"]
    ]
    ports = {group["TargetGroupArn"]: group["Port"] for group in balancer.describe_target_groups()["TargetGroups"]}
    led = {
        (path, ports.get(target))
        for listener in listeners
        for rule in balancer.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
        for path in _paths(rule)
        for target in _targets(rule)
    }
    for path, service in catalog.edge_routes():
        if (path, service.port) not in led:
            yield f"{path} does not lead to {service.name}"


def _paths(rule: Mapping[str, Any]) -> list[str]:
    conditions = [condition for condition in rule["Conditions"] if condition.get("Field") == "path-pattern"]
    return [
        value
        for condition in conditions
        for value in condition.get("PathPatternConfig", {}).get("Values") or condition.get("Values") or []
    ]


def _targets(rule: Mapping[str, Any]) -> Iterator[str]:
    for action in rule["Actions"]:
        if action.get("TargetGroupArn"):
            yield action["TargetGroupArn"]
        yield from (group["TargetGroupArn"] for group in action.get("ForwardConfig", {}).get("TargetGroups", []))


def pool_is_closed(deployed: Deployed) -> Failures:
    """The app client has a secret, does not tell who has an account, and the pool wants long passwords."""
    cognito = deployed.ask("cognito-idp")
    pool_id = deployed.outputs["cognito_user_pool_id"]
    pool = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    app = cognito.describe_user_pool_client(
        UserPoolId=pool_id, ClientId=deployed.outputs["cognito_user_pool_client_id"]
    )["UserPoolClient"]
    if not app.get("ClientSecret"):
        yield "the app client has no secret"
    if app.get("PreventUserExistenceErrors") != "ENABLED":
        yield "the app client tells who has an account"
    if pool["Policies"]["PasswordPolicy"]["MinimumLength"] < 12:
        yield "the pool takes passwords of less than twelve characters"


def database_is_private(deployed: Deployed) -> Failures:
    """The database is encrypted, backed up, and nowhere to be reached from outside."""
    rds = deployed.ask("rds")
    instances = rds.describe_db_instances()["DBInstances"]
    if not instances:
        yield "there is no database"
    for instance in instances:
        name = instance["DBInstanceIdentifier"]
        if instance.get("PubliclyAccessible"):
            yield f"{name} is public"
        if not instance.get("StorageEncrypted"):
            yield f"{name} is not encrypted"
        if not instance.get("BackupRetentionPeriod"):
            yield f"{name} is not backed up"


def buckets_and_logs_are_kept_in_order(deployed: Deployed) -> Failures:
    """No bucket is public, and every service's log group forgets in time."""
    s3, logs = deployed.ask("s3"), deployed.ask("logs")
    for bucket in s3.list_buckets()["Buckets"]:
        block = s3.get_public_access_block(Bucket=bucket["Name"])["PublicAccessBlockConfiguration"]
        if not all(block.values()):
            yield f"the bucket {bucket['Name']} may be made public"
    for service, name in deployed.outputs["log_group_names"].items():
        groups = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        if not any(group["logGroupName"] == name and group.get("retentionInDays") for group in groups):
            yield f"the log group of {service} is not there, or keeps everything for ever"


CHECKS: tuple[Callable[[Deployed], Failures], ...] = (
    services_run,
    images_go_by_digest,
    containers_are_closed,
    services_are_told,
    secrets_resolve,
    paths_lead_to_services,
    pool_is_closed,
    database_is_private,
    buckets_and_logs_are_kept_in_order,
)


def broken(deployed: Deployed) -> list[str]:
    """A line for each thing that is not as it must be. Of services that are not there nothing more is asked."""
    gone = [failure for failure in services_run(deployed) if failure.endswith(GONE)]
    return gone or [failure for check in CHECKS for failure in check(deployed)]


def left_over(deployed: Deployed) -> list[str]:
    """A line for each kind of thing that is still there, and costs money or holds data, after all was taken away."""
    found = {
        "clusters": [
            cluster
            for cluster in deployed.ask("ecs").list_clusters()["clusterArns"]
            if deployed.ask("ecs").describe_clusters(clusters=[cluster])["clusters"][0]["status"] == "ACTIVE"
        ],
        "databases": deployed.ask("rds").describe_db_instances()["DBInstances"],
        "load balancers": deployed.ask("elbv2").describe_load_balancers()["LoadBalancers"],
        "user pools": deployed.ask("cognito-idp").list_user_pools(MaxResults=60)["UserPools"],
        "image repositories": deployed.ask("ecr").describe_repositories()["repositories"],
        "buckets": deployed.ask("s3").list_buckets()["Buckets"],
        "NAT gateways": deployed.ask("ec2").describe_nat_gateways(
            Filter=[{"Name": "state", "Values": ["pending", "available"]}]
        )["NatGateways"],
    }
    return [f"{len(those)} {kind} are still there" for kind, those in found.items() if those]


def secrets_of(deployed: Deployed) -> dict[str, str]:
    """Every secret that the deployed stack really has: what it is -> value."""
    manager = deployed.ask("secretsmanager")
    found: dict[str, str] = {}
    for secret in manager.list_secrets(MaxResults=100)["SecretList"]:
        text = _value(manager, secret["ARN"])
        try:
            members = json.loads(text)
        except ValueError:
            members = None
        if isinstance(members, dict):
            found |= {f"{secret['Name']} ({key})": str(members[key]) for key in members.keys() - {"username"}}
        elif text:
            found[secret["Name"]] = text
    return found
