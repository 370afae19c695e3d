"""What the stack may cost in a month before somebody is told. Nothing is switched off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.config import StackConfig


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """`limit` in USD a month, for what carries the tag Environment with the stack's value."""

    limit: int
    environment: str
    topic_arn: pulumi.Input[str]

    @classmethod
    def of(cls, config: StackConfig, topic_arn: pulumi.Input[str]) -> Self:
        """The stack's own."""
        return cls(
            limit=config.monthly_budget,
            environment=config.default_tags["Environment"],
            topic_arn=topic_arn,
        )

    def validate(self) -> None:
        """Raises ValueError for a limit that nothing could stay within."""
        if self.limit < 1:
            raise ValueError(f"limit is {self.limit}; use 1 USD or more")


class Budget(Component):
    """A budget that speaks up at four fifths of the limit, and when the month is going to end above it.

    The tag must be activated once as a cost allocation tag of the account (Billing guide, "activating-tags"); until
    then the budget sees no cost.
    """

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        aws.budgets.Budget(
            name,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args.limit),
            limit_unit="USD",
            cost_filters=[
                {
                    "name": "TagKeyValue",
                    "values": [f"user:Environment${args.environment}"],
                }
            ],
            notifications=[_notify("ACTUAL", 80, args.topic_arn), _notify("FORECASTED", 100, args.topic_arn)],
            opts=self.child(),
        )
        self.finish()


def _notify(kind: str, percent: int, topic: pulumi.Input[str]) -> Any:
    return {
        "comparison_operator": "GREATER_THAN",
        "notification_type": kind,
        "threshold": percent,
        "threshold_type": "PERCENTAGE",
        "subscriber_sns_topic_arns": [topic],
    }
