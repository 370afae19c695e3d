"""What people look at when something is wrong, and what wakes them: all made from the list of services."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.alarms import (
    SIGN_IN_FAILURES,
    Alarm,
    Alarms,
    AlarmsArgs,
    certificate_alarm,
    database_alarms,
    edge_alarms,
    saturation_alarms,
    sign_in_alarm,
)
from components.component import Component
from components.dashboard import widgets
from services import catalog


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    """`services`: catalog name -> ECS service name; `log_groups`: catalog name -> name of its log group.

    `topic_arn`: who hears the alarms, None for a stack without any. `storage_gb`: None where it has no end.
    """

    region: str
    cluster_name: pulumi.Input[str]
    services: Mapping[str, pulumi.Input[str]]
    log_groups: Mapping[str, pulumi.Input[str]]
    load_balancer_suffix: pulumi.Input[str]
    certificate_arn: pulumi.Input[str] | None
    database: Mapping[str, pulumi.Input[str]]
    storage_gb: int | None
    topic_arn: pulumi.Input[str] | None


class Observability(Component):
    """One dashboard, and the alarms that belong to no single target group."""

    dashboard_url: pulumi.Output[str]

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        dashboard = self._create_dashboard()
        self.dashboard_url = pulumi.Output.concat(
            f"https://{args.region}.console.aws.amazon.com/cloudwatch/home?region={args.region}#dashboards/dashboard/",
            dashboard.dashboard_name,
        )
        if args.topic_arn is not None:
            self._count_failed_sign_ins()
            alarms = AlarmsArgs(part="platform", alarms=list(self._alarms()), topic_arn=args.topic_arn)
            Alarms(name, alarms, self.child())
        self.finish()

    def _alarms(self) -> Iterator[Alarm]:
        args = self._args
        yield from edge_alarms(args.load_balancer_suffix)
        yield from database_alarms(args.database, args.storage_gb)
        yield sign_in_alarm(self.name)
        if args.certificate_arn is not None:
            yield certificate_alarm(args.certificate_arn)
        for service, ecs_name in sorted(args.services.items()):
            yield from saturation_alarms(service, args.cluster_name, ecs_name)

    def _count_failed_sign_ins(self) -> None:
        login = f"{catalog.API_PREFIX}/auth/login"
        for service in catalog.SERVICES:
            if catalog.Need.SESSIONS in service.needs:
                aws.cloudwatch.LogMetricFilter(
                    f"{self.name}-sign-in-failures",
                    log_group_name=self._args.log_groups[service.name],
                    pattern=f'{{ $.message = "request" && $.path = "{login}" && $.status = 401 }}',
                    metric_transformation={
                        "name": SIGN_IN_FAILURES,
                        "namespace": self.name,
                        "value": "1",
                        "default_value": "0",
                    },
                    opts=self.child(),
                )

    def _create_dashboard(self) -> aws.cloudwatch.Dashboard:
        args = self._args
        body = pulumi.Output.all(
            cluster=args.cluster_name,
            services=args.services,
            balancer=args.load_balancer_suffix,
            database=args.database,
        ).apply(lambda known: json.dumps({"widgets": self._widgets(known)}))
        return aws.cloudwatch.Dashboard(self.name, dashboard_name=self.name, dashboard_body=body, opts=self.child())

    def _widgets(self, known: Mapping[str, Any]) -> list[dict[str, Any]]:
        return widgets(
            self._args.region,
            cluster=known["cluster"],
            services=known["services"],
            balancer=known["balancer"],
            database=known["database"],
            namespace=self.name,
        )
