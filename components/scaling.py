"""How many tasks of a service run: as many as their CPU load asks for, within bounds."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.component import Component

CPU_TARGET_PERCENT = 60
"""Of the reserved CPU, over all tasks: above it tasks are added, well below it removed."""


@dataclass(frozen=True, kw_only=True)
class ScalingArgs:
    """The ECS service, and between how many tasks it may move."""

    cluster_name: pulumi.Input[str]
    service_name: pulumi.Input[str]
    min_tasks: int
    max_tasks: int

    def validate(self) -> None:
        """Raises ValueError where there is nothing between the bounds."""
        if not 0 <= self.min_tasks < self.max_tasks:
            raise ValueError(f"min_tasks is {self.min_tasks} and max_tasks {self.max_tasks}; leave room between them")


class Scaling(Component):
    """Adds tasks quickly and takes them away slowly."""

    def __init__(self, name: str, args: ScalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        self._create_policy(self._create_target(args))
        self.finish()

    def _create_target(self, args: ScalingArgs) -> aws.appautoscaling.Target:
        return aws.appautoscaling.Target(
            self.name,
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=pulumi.Output.concat("service/", args.cluster_name, "/", args.service_name),
            min_capacity=args.min_tasks,
            max_capacity=args.max_tasks,
            opts=self.child(),
        )

    def _create_policy(self, target: aws.appautoscaling.Target) -> None:
        aws.appautoscaling.Policy(
            self.name,
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration={
                "target_value": CPU_TARGET_PERCENT,
                "scale_out_cooldown": 30,
                "scale_in_cooldown": 300,
                "predefined_metric_specification": {"predefined_metric_type": "ECSServiceAverageCPUUtilization"},
            },
            opts=self.child(),
        )
