"""One service of the catalog on Fargate: migrated first, then rolled out, and rolled back if it does not start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.cluster import Cluster
from components.component import Component
from components.config import ServiceConfig, StackConfig
from components.container import migrate_command, serve_command
from components.edge import Edge
from components.endpoints import Endpoints
from components.environment import Environment, Variables
from components.firewall import Firewall
from components.images import Image
from components.migrations import MigrationRun
from components.network import Network
from components.policies import Statement
from components.scaling import Scaling, ScalingArgs
from components.target import Target, TargetArgs
from components.task import Task, TaskArgs
from services import catalog
from services.catalog import Need, Size


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """`service` of the catalog in its surroundings; `topic_arn`: who hears its alarms, if it has any."""

    service: catalog.Service
    config: StackConfig
    account: str
    environment: Environment
    image: Image
    network: Network
    firewall: Firewall
    cluster: Cluster
    edge: Edge
    endpoints: Endpoints
    topic_arn: pulumi.Output[str] | None
    boundary: pulumi.Output[str] | None

    @property
    def settings(self) -> ServiceConfig:
        """Size and count of its tasks."""
        return self.config.services[self.service.name]

    @property
    def security_group_id(self) -> pulumi.Output[str]:
        """Its tasks' own group."""
        return self.firewall.service_ids[self.service.name]

    @property
    def roads(self) -> list[pulumi.Resource]:
        """What a task needs to reach anything: routes and rules, which no identifier of a subnet or group implies."""
        return [self.network, self.firewall, self.endpoints]

    @property
    def port(self) -> int:
        """Where its tasks listen."""
        return self.config.port_of(self.service)


class FargateService(Component):
    """The service's tasks, their log group, their place behind the edge or in the namespace, and their scaling."""

    service_name: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    environment: pulumi.Output[dict[str, dict[str, str]]]

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self._log_group = self._create_log_group()
        self.log_group_name = self._log_group.name
        before = args.roads
        if Need.DATABASE in args.service.needs:
            before.append(self._migrate())
        variables = args.environment.serve(args.service)
        self.environment = _told(variables)
        task = self._create_serve_task(variables)
        discovery = self._create_discovery()
        target = self._create_target()
        if target is not None:
            before += args.edge.route(args.service, target.group)
        service = self._create_service(task, discovery, target, before)
        self.service_name = service.name
        if self._scales:
            Scaling(name, self._scaling_args(service, target), self.child())
        self.finish()

    @property
    def _scales(self) -> bool:
        settings = self._args.settings
        return settings.max_tasks > settings.min_tasks or self._args.config.night is not None

    def _create_log_group(self) -> aws.cloudwatch.LogGroup:
        config = self._args.config
        return aws.cloudwatch.LogGroup(
            self.name,
            name=f"/{config.name.replace('-', '/', 1)}/{self._args.service.name}",
            retention_in_days=config.log_retention_days,
            opts=self.child(),
        )

    def _create_serve_task(self, variables: Variables) -> Task:
        args = self._args
        command = serve_command(args.service, args.config.listen_host, args.port)
        statements = args.environment.statements(args.service)
        return self._create_task(self.name, "serve", command, variables, port=args.port, statements=statements)

    def _migrate(self) -> MigrationRun:
        args = self._args
        name = f"{self.name}-migrate"
        variables = args.environment.migrate(args.service)
        task = self._create_task(name, "migrate", migrate_command(args.service), variables)
        return MigrationRun(
            name,
            region=args.config.region,
            cluster=args.cluster.arn,
            task_definition=task.arn,
            subnets=args.network.task_subnet_ids,
            security_groups=[args.security_group_id],
            assign_public_ip=args.network.assign_public_ip,
            log_group=self._log_group.name,
            opts=self.child(depends_on=args.roads),
        )

    def _create_task(
        self,
        name: str,
        kind: str,
        command: list[str],
        variables: Variables,
        *,
        port: int | None = None,
        statements: Sequence[Statement] = (),
    ) -> Task:
        args = self._args
        settings = TaskArgs(
            family=name,
            account=args.account,
            region=args.config.region,
            size=Size(cpu=args.settings.cpu, memory=args.settings.memory),
            architecture=args.config.cpu_architecture,
            image=args.image,
            command=command,
            variables=variables,
            log_group=self._log_group,
            stream_prefix=kind,
            container_name=args.service.name,
            port=port,
            statements=statements,
            boundary=args.boundary,
        )
        return Task(name, settings, self.child())

    def _create_discovery(self) -> aws.servicediscovery.Service | None:
        """A name in the namespace, for a service that others call."""
        service = self._args.service
        if not any(service in catalog.called_by(caller) for caller in catalog.SERVICES):
            return None
        return aws.servicediscovery.Service(
            self.name,
            name=service.name,
            dns_config={
                "namespace_id": self._args.cluster.namespace_id,
                "routing_policy": "MULTIVALUE",
                "dns_records": [{"type": "A", "ttl": 10}],
            },
            opts=self.child(),
        )

    def _create_target(self) -> Target | None:
        args = self._args
        if not args.service.edge_paths:
            return None
        settings = TargetArgs(
            service=args.service.name,
            stack=args.config.name,
            vpc_id=args.network.vpc_id,
            port=args.port,
            balancer_suffix=args.edge.load_balancer_suffix,
            topic_arn=args.topic_arn,
        )
        return Target(self.name, settings, self.child())

    def _create_service(
        self,
        task: Task,
        discovery: aws.servicediscovery.Service | None,
        target: Target | None,
        before: list[pulumi.Resource],
    ) -> aws.ecs.Service:
        args = self._args
        return aws.ecs.Service(
            self.name,
            cluster=args.cluster.arn,
            task_definition=task.arn,
            desired_count=args.settings.min_tasks,
            launch_type="FARGATE",
            network_configuration={
                "subnets": args.network.task_subnet_ids,
                "security_groups": [args.security_group_id],
                "assign_public_ip": args.network.assign_public_ip,
            },
            load_balancers=[]
            if target is None
            else [
                {
                    "target_group_arn": target.group.arn,
                    "container_name": args.service.name,
                    "container_port": args.port,
                }
            ],
            service_registries=None if discovery is None else {"registry_arn": discovery.arn},
            health_check_grace_period_seconds=None if target is None else 60,
            deployment_circuit_breaker={"enable": True, "rollback": True},
            alarms=_rollback(target),
            # Needs a root file system that can be written to, and gives whoever may call it the task's secrets.
            enable_execute_command=False,
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            wait_for_steady_state=args.config.local is None,
            # Scaling sets the count; without it, the configuration does.
            opts=self.child(depends_on=before, ignore_changes=["desiredCount"] if self._scales else []),
        )

    def _scaling_args(self, service: aws.ecs.Service, target: Target | None) -> ScalingArgs:
        settings = self._args.settings
        return ScalingArgs(
            cluster_name=self._args.cluster.cluster_name,
            service_name=service.name,
            min_tasks=settings.min_tasks,
            max_tasks=settings.max_tasks,
            request_label=None if target is None else target.request_label,
            night=self._args.config.night,
        )


def _told(variables: Variables) -> pulumi.Output[dict[str, dict[str, str]]]:
    """What the tasks are told, for whoever runs the service elsewhere: `plain` values, `secret` ones by reference."""
    references = {name: secret.value_from for name, secret in sorted(variables.secret.items())}
    return pulumi.Output.all(plain=dict(sorted(variables.plain.items())), secret=references).apply(dict)


def _rollback(target: Target | None) -> Any:
    """What takes a deployment back beside tasks that do not start: the alarms of a service that people see."""
    if target is None or not target.rollback_alarms:
        return None
    return {"alarm_names": target.rollback_alarms, "enable": True, "rollback": True}
