"""Who talked to whom: a record of the VPC's connections, without their content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.config import StackConfig
from components.policies import allow, document, trust_service


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """`traffic`: ALL, or REJECT alone, which is what a firewall that forgot a rule shows up in."""

    account: str
    vpc_id: pulumi.Input[str]
    traffic: str
    retention_days: int
    boundary: pulumi.Input[str] | None = None

    @classmethod
    def of(
        cls, config: StackConfig, account: str, vpc_id: pulumi.Input[str], boundary: pulumi.Input[str] | None
    ) -> Self:
        """The stack's own: prod keeps all, for the day after an incident; dev what was refused."""
        return cls(
            account=account,
            vpc_id=vpc_id,
            traffic="ALL" if config.is_prod else "REJECT",
            retention_days=config.log_retention_days,
            boundary=boundary,
        )

    def validate(self) -> None:
        """Raises ValueError for traffic that EC2 has no name for."""
        if self.traffic not in ("ALL", "ACCEPT", "REJECT"):
            raise ValueError(f"traffic is {self.traffic!r}; use ALL, ACCEPT or REJECT")


class FlowLogs(Component):
    """The VPC's flow log, its log group, and a role that may write to that group alone."""

    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        self._args = args
        group = self._create_log_group()
        self.log_group_name = group.name
        self._create_log(group)
        self.finish()

    def _create_log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self.name}-flow",
            name=f"/{self.name.replace('-', '/', 1)}/flow",
            retention_in_days=self._args.retention_days,
            opts=self.child(),
        )

    def _create_log(self, group: aws.cloudwatch.LogGroup) -> None:
        name = f"{self.name}-flow"
        role = aws.iam.Role(
            name,
            assume_role_policy=trust_service("vpc-flow-logs.amazonaws.com", self._args.account),
            permissions_boundary=self._args.boundary,
            opts=self.child(),
        )
        # Flow log guide, "flow-logs-iam-role": writing streams, and finding them again.
        write = allow(
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            pulumi.Output.concat(group.arn, ":*"),
        )
        policy = aws.iam.RolePolicy(name, role=role.name, policy=document([write]), opts=self.child())
        aws.ec2.FlowLog(
            name,
            vpc_id=self._args.vpc_id,
            traffic_type=self._args.traffic,
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=600,
            tags={"Name": name},
            opts=self.child(depends_on=[policy]),
        )
