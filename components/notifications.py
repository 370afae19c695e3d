"""Where alarms and budgets make themselves heard: one topic, and whoever reads it by e-mail."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Self

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.config import StackConfig


@dataclass(frozen=True, kw_only=True)
class NotificationsArgs:
    """`email`: who is told; None for a topic that something else subscribes to."""

    account: str
    email: str | None

    @classmethod
    def of(cls, config: StackConfig, account: str) -> Self:
        """The stack's own."""
        return cls(account=account, email=config.alarm_email)


class Notifications(Component):
    """A topic that this account's alarms and budgets may publish to. `topic_arn` is known once they may."""

    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        topic = aws.sns.Topic(f"{name}-alarms", opts=self.child())
        policy = aws.sns.TopicPolicy(
            f"{name}-alarms",
            arn=topic.arn,
            policy=topic.arn.apply(lambda arn: json.dumps(topic_policy(arn, args.account))),
            opts=self.child(),
        )
        if args.email is not None:
            aws.sns.TopicSubscription(
                f"{name}-alarms", topic=topic.arn, protocol="email", endpoint=args.email, opts=self.child()
            )
        self.topic_arn = pulumi.Output.all(topic.arn, policy.id).apply(lambda known: str(known[0]))
        self.finish()


def topic_policy(arn: str, account: str) -> dict[str, Any]:
    """Who may publish: the services that watch, on behalf of this account alone."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]},
        "Action": "sns:Publish",
        "Resource": arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
