"""What wakes somebody up: alarms that follow from the list of services, all to one topic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.component import Component

SIGN_IN_FAILURES = "SignInFailures"

LATENCY_SECONDS = 2.0
"""Of the slowest one in twenty requests, over three of five minutes: users leave before that."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm: `statistic` of `metric` over `period` seconds compared with `threshold`, `bad` of `looked_at` times.

    `meaning` is what the person who is woken reads. `statistic` may be a percentile, such as p95.
    """

    name: str
    meaning: str
    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str
    threshold: float
    comparison: str = "GreaterThanOrEqualToThreshold"
    period: int = 60
    bad: int = 3
    looked_at: int = 5


def target_alarms(service: str, target_group: pulumi.Input[str], balancer: pulumi.Input[str]) -> list[Alarm]:
    """Of a service behind the load balancer: those that also take a deployment back."""
    dimensions = {"LoadBalancer": balancer, "TargetGroup": target_group}
    namespace = "AWS/ApplicationELB"
    return [
        Alarm(
            name=f"{service}-5xx",
            meaning=f"{service} answers with errors",
            namespace=namespace,
            metric="HTTPCode_Target_5XX_Count",
            dimensions=dimensions,
            statistic="Sum",
            threshold=10,
        ),
        Alarm(
            name=f"{service}-latency",
            meaning=f"{service} is slow: one request in twenty takes {LATENCY_SECONDS:g} s or more",
            namespace=namespace,
            metric="TargetResponseTime",
            dimensions=dimensions,
            statistic="p95",
            threshold=LATENCY_SECONDS,
        ),
    ]


def unhealthy_alarm(service: str, target_group: pulumi.Input[str], balancer: pulumi.Input[str]) -> Alarm:
    """Of a service behind the load balancer: not among those that take a deployment back, which has such tasks."""
    return Alarm(
        name=f"{service}-unhealthy",
        meaning=f"tasks of {service} are not ready",
        namespace="AWS/ApplicationELB",
        metric="UnHealthyHostCount",
        dimensions={"LoadBalancer": balancer, "TargetGroup": target_group},
        statistic="Maximum",
        threshold=1,
    )


def saturation_alarms(service: str, cluster: pulumi.Input[str], ecs_service: pulumi.Input[str]) -> list[Alarm]:
    """Of every service: at its limit although scaling should have helped."""
    return [
        Alarm(
            name=f"{service}-{metric.removesuffix('Utilization').lower()}",
            meaning=f"{service} uses nearly all of its {what}",
            namespace="AWS/ECS",
            metric=metric,
            dimensions={"ClusterName": cluster, "ServiceName": ecs_service},
            statistic="Average",
            threshold=90,
            looked_at=10,
            bad=10,
        )
        for metric, what in (("CPUUtilization", "CPU"), ("MemoryUtilization", "memory"))
    ]


def edge_alarms(balancer: pulumi.Input[str]) -> list[Alarm]:
    """Of the load balancer itself: no service took the request."""
    return [
        Alarm(
            name="edge-5xx",
            meaning="the load balancer finds no task that answers",
            namespace="AWS/ApplicationELB",
            metric="HTTPCode_ELB_5XX_Count",
            dimensions={"LoadBalancer": balancer},
            statistic="Sum",
            threshold=10,
        )
    ]


def database_alarms(dimensions: Mapping[str, pulumi.Input[str]], storage_gb: int | None) -> list[Alarm]:
    """Of the database; `storage_gb` is None where storage grows by itself without end."""
    alarms = [
        Alarm(
            name="database-cpu",
            meaning="the database uses nearly all of its CPU",
            metric="CPUUtilization",
            statistic="Average",
            threshold=85,
            bad=10,
            looked_at=10,
            namespace="AWS/RDS",
            dimensions=dimensions,
        ),
        Alarm(
            name="database-memory",
            meaning="the database has less than 64 MiB of memory left",
            metric="FreeableMemory",
            statistic="Minimum",
            threshold=64 * 2**20,
            comparison="LessThanThreshold",
            namespace="AWS/RDS",
            dimensions=dimensions,
        ),
    ]
    if storage_gb is not None:
        alarms.append(
            Alarm(
                name="database-storage",
                meaning="the database has less than a tenth of its storage left",
                metric="FreeStorageSpace",
                statistic="Minimum",
                threshold=storage_gb * 2**30 / 10,
                comparison="LessThanThreshold",
                namespace="AWS/RDS",
                dimensions=dimensions,
            )
        )
    return alarms


def certificate_alarm(certificate: pulumi.Input[str]) -> Alarm:
    """ACM renews 60 days before the end, as long as the proving record stands: 21 days before, something is wrong."""
    return Alarm(
        name="certificate",
        meaning="the certificate ends in less than three weeks and has not been renewed: look at its proving record",
        namespace="AWS/CertificateManager",
        metric="DaysToExpiry",
        dimensions={"CertificateArn": certificate},
        statistic="Minimum",
        threshold=21,
        comparison="LessThanThreshold",
        period=86400,
        bad=1,
        looked_at=1,
    )


def sign_in_alarm(namespace: str) -> Alarm:
    """Somebody tries passwords, or nobody gets in any more."""
    return Alarm(
        name="sign-in",
        meaning="many sign-ins are refused: somebody tries passwords, or the user pool is not well",
        namespace=namespace,
        metric=SIGN_IN_FAILURES,
        dimensions={},
        statistic="Sum",
        threshold=50,
        period=300,
        bad=1,
        looked_at=1,
    )


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """`alarms` of one `part` of the stack, told to `topic_arn`."""

    part: str
    alarms: Iterable[Alarm]
    topic_arn: pulumi.Input[str]


class Alarms(Component):
    """The alarms, named `<stack>-<name>`; `names` in their order."""

    names: list[pulumi.Output[str]]

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"{name}-{args.part}-alarms", opts)
        self._stack = name
        self.names = [self._create_alarm(alarm, args.topic_arn).name for alarm in args.alarms]
        self.finish()

    def _create_alarm(self, alarm: Alarm, topic: pulumi.Input[str]) -> aws.cloudwatch.MetricAlarm:
        name = f"{self._stack}-{alarm.name}"
        is_percentile = alarm.statistic.startswith("p")
        return aws.cloudwatch.MetricAlarm(
            name,
            name=name,
            alarm_description=f"{alarm.meaning}. What to do: docs/aws.md",
            namespace=alarm.namespace,
            metric_name=alarm.metric,
            dimensions=alarm.dimensions,
            statistic=None if is_percentile else alarm.statistic,
            extended_statistic=alarm.statistic if is_percentile else None,
            comparison_operator=alarm.comparison,
            threshold=alarm.threshold,
            period=alarm.period,
            evaluation_periods=alarm.looked_at,
            datapoints_to_alarm=alarm.bad,
            treat_missing_data="notBreaching",
            alarm_actions=[topic],
            ok_actions=[topic],
            opts=self.child(),
        )
