"""How many tasks of a service run: as many as its load asks for, and none at night where nobody works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.config import night_hours

CPU_TARGET_PERCENT = 60
"""Of the reserved CPU, over all tasks: above it tasks are added, well below it removed."""

MEMORY_TARGET_PERCENT = 75

REQUESTS_TARGET = 1500
"""Requests a minute that one task is given, where a load balancer counts them: adds tasks before they are busy."""


@dataclass(frozen=True, kw_only=True)
class ScalingArgs:
    """The ECS service, and between how many tasks it may move.

    `request_label`: how scaling knows its target group, None without one. `night`: hours (UTC) without any task.
    """

    cluster_name: pulumi.Input[str]
    service_name: pulumi.Input[str]
    min_tasks: int
    max_tasks: int
    request_label: pulumi.Input[str] | None = None
    night: str | None = None

    def validate(self) -> None:
        """Raises ValueError where there is nothing between the bounds, and no night to stop for."""
        if not 0 <= self.min_tasks <= self.max_tasks or (self.min_tasks == self.max_tasks and self.night is None):
            raise ValueError(f"min_tasks is {self.min_tasks} and max_tasks {self.max_tasks}; leave room between them")


class Scaling(Component):
    """Adds tasks quickly and takes them away slowly; whichever measure asks for the most tasks gets them."""

    def __init__(self, name: str, args: ScalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        self._args = args
        self._target = self._create_target()
        self._follow("cpu", CPU_TARGET_PERCENT, {"predefined_metric_type": "ECSServiceAverageCPUUtilization"})
        self._follow("memory", MEMORY_TARGET_PERCENT, {"predefined_metric_type": "ECSServiceAverageMemoryUtilization"})
        if args.request_label is not None:
            requests = {"predefined_metric_type": "ALBRequestCountPerTarget", "resource_label": args.request_label}
            self._follow("requests", REQUESTS_TARGET, requests)
        if args.night is not None:
            self._sleep(*night_hours(args.night))
        self.finish()

    def _create_target(self) -> aws.appautoscaling.Target:
        args = self._args
        return aws.appautoscaling.Target(
            self.name,
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=pulumi.Output.concat("service/", args.cluster_name, "/", args.service_name),
            min_capacity=args.min_tasks,
            max_capacity=args.max_tasks,
            opts=self.child(),
        )

    def _follow(self, measure: str, target_value: float, metric: Any) -> None:
        aws.appautoscaling.Policy(
            f"{self.name}-{measure}",
            policy_type="TargetTrackingScaling",
            service_namespace=self._target.service_namespace,
            scalable_dimension=self._target.scalable_dimension,
            resource_id=self._target.resource_id,
            target_tracking_scaling_policy_configuration={
                "target_value": target_value,
                "scale_out_cooldown": 30,
                "scale_in_cooldown": 300,
                "predefined_metric_specification": metric,
            },
            opts=self.child(),
        )

    def _sleep(self, evening: int, morning: int) -> None:
        args = self._args
        self._at("evening", f"cron(0 {evening} * * ? *)", 0, 0)
        self._at("morning", f"cron(0 {morning} ? * MON-FRI *)", args.min_tasks, args.max_tasks)

    def _at(self, when: str, schedule: str, least: int, most: int) -> None:
        aws.appautoscaling.ScheduledAction(
            f"{self.name}-{when}",
            service_namespace=self._target.service_namespace,
            scalable_dimension=self._target.scalable_dimension,
            resource_id=self._target.resource_id,
            schedule=schedule,
            timezone="UTC",
            scalable_target_action={"min_capacity": least, "max_capacity": most},
            opts=self.child(),
        )
