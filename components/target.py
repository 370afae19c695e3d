"""A service's place behind the edge: where requests are sent, and what takes a deployment back that answers badly."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.alarms import Alarms, AlarmsArgs, target_alarms, unhealthy_alarm
from components.component import Component

SLOW_START_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class TargetArgs:
    """`topic_arn`: who hears the alarms, None for a target without any, as the embedded run's is."""

    service: str
    stack: str
    vpc_id: pulumi.Input[str]
    port: int
    balancer_suffix: pulumi.Output[str]
    topic_arn: pulumi.Input[str] | None


class Target(Component):
    """A target group and its alarms; `rollback_alarms` are the names of those that a deployment must not raise."""

    group: aws.lb.TargetGroup
    request_label: pulumi.Output[str]
    rollback_alarms: list[pulumi.Output[str]]

    def __init__(self, name: str, args: TargetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        self.group = self._create_group()
        # How Application Auto Scaling names the pair (PredefinedMetricSpecification in its API reference).
        self.request_label = pulumi.Output.concat(args.balancer_suffix, "/", self.group.arn_suffix)
        self.rollback_alarms = [] if args.topic_arn is None else self._create_alarms(args.topic_arn)
        self.finish()

    def _create_group(self) -> aws.lb.TargetGroup:
        return aws.lb.TargetGroup(
            self.name,
            vpc_id=self._args.vpc_id,
            target_type="ip",
            protocol="HTTP",
            port=self._args.port,
            # Shorter than the container's stop timeout: no request is sent to a task that is being killed.
            deregistration_delay=30,
            # A new task gets its share of requests little by little, while it fills its caches and its pool.
            slow_start=None if self._args.topic_arn is None else SLOW_START_SECONDS,
            health_check={
                "path": "/health/ready",
                "matcher": "200",
                "interval": 10,
                "timeout": 5,
                "healthy_threshold": 2,
                "unhealthy_threshold": 3,
            },
            opts=self.child(),
        )

    def _create_alarms(self, topic: pulumi.Input[str]) -> list[pulumi.Output[str]]:
        args, group = self._args, self.group.arn_suffix
        rolling_back = target_alarms(args.service, group, args.balancer_suffix)
        others = [unhealthy_alarm(args.service, group, args.balancer_suffix)]
        alarms = Alarms(
            args.stack,
            AlarmsArgs(part=args.service, alarms=[*rolling_back, *others], topic_arn=topic),
            self.child(),
        )
        return alarms.names[: len(rolling_back)]
