"""What a run of the program left in the emulators, read back: the services to start and the routing between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from scripts.local.errors import LocalRunError
from scripts.local.routing import Action, Condition, Routing, Rule
from scripts.local.tasks import Task, read_task

if TYPE_CHECKING:  # the supervisor reads tasks too, and has no use for boto3
    from scripts.local.engine.cloud import Cloud


@dataclass(frozen=True)
class Blueprint:
    """`services`: container name -> task; `routing` names services; `outputs`: the stack's, secret ones masked."""

    outputs: dict[str, Any]
    services: dict[str, Task]
    routing: Routing

    def to_json(self) -> dict[str, Any]:
        """As plain data. It holds secrets: it travels through a pipe, and is never written down."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Blueprint:
        """The reverse of `to_json`."""
        rules = tuple(
            Rule(
                conditions=tuple(
                    Condition(**{**condition, "values": tuple(condition["values"])}) for condition in rule["conditions"]
                ),
                action=Action(**rule["action"]),
            )
            for rule in content["routing"]["rules"]
        )
        services = {name: Task(**task) for name, task in content["services"].items()}
        return cls(content["outputs"], services, Routing(rules))


def read_blueprint(
    cloud: Cloud, outputs: dict[str, Any], machine: dict[str, str], pool_access: dict[str, str] | None = None
) -> Blueprint:
    """From what the emulators hold; `machine` and `pool_access` as for `read_task`.

    LocalRunError where that is not a platform (no service, no listener).
    """
    described = describe_services(cloud)
    if not described:
        raise LocalRunError("the program made no ECS service: there is nothing to start")
    tasks = [read_task(cloud, service["taskDefinition"], machine, pool_access) for service in described]
    service_of = {
        balancer["targetGroupArn"]: task.name
        for service, task in zip(described, tasks, strict=True)
        for balancer in service.get("loadBalancers", [])
    }
    return Blueprint(
        outputs, {task.name: task for task in tasks}, Routing.from_rules(describe_rules(cloud), service_of)
    )


def describe_services(cloud: Cloud) -> list[dict[str, Any]]:
    """Every ECS service that shall run, of every cluster."""
    found: list[dict[str, Any]] = []
    for cluster in cloud.call("ecs.list_clusters")["clusterArns"]:
        names = cloud.call("ecs.list_services", cluster=cluster, maxResults=100)["serviceArns"]
        for start in range(0, len(names), 10):  # DescribeServices takes ten
            found += cloud.call("ecs.describe_services", cluster=cluster, services=names[start : start + 10])[
                "services"
            ]
    return [service for service in found if service["desiredCount"] > 0]


def describe_rules(cloud: Cloud) -> list[dict[str, Any]]:
    """The rules of the listener that serves the public: the HTTPS one if there is one, for the other then redirects."""
    listeners = [
        listener
        for balancer in cloud.call("elbv2.describe_load_balancers")["LoadBalancers"]
        for listener in cloud.call("elbv2.describe_listeners", LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    ]
    if not listeners:
        raise LocalRunError("the program made no load balancer with a listener: there is no way in")
    public = max(listeners, key=lambda listener: listener["Protocol"] == "HTTPS")
    rules: list[dict[str, Any]] = cloud.call("elbv2.describe_rules", ListenerArn=public["ListenerArn"])["Rules"]
    return rules
