"""Secrets that tasks receive by ARN."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.generated_secret import GeneratedSecret


@dataclass(frozen=True, kw_only=True)
class SecretReference:
    """A secret, or one member of a secret that is a JSON object, as ECS and IAM name it."""

    arn: pulumi.Output[str]
    member: str = ""

    @property
    def value_from(self) -> pulumi.Output[str]:
        """For a container definition: `ARN` or `ARN:member::` (ECS developer guide, "specifying-sensitive-data")."""
        return pulumi.Output.concat(self.arn, f":{self.member}::") if self.member else self.arn


@dataclass(frozen=True, kw_only=True)
class SecretArgs:
    """A secret with the given `value`, or, without one, with a random value made by Secrets Manager.

    A random value is the whole secret, or the member `key` beside the plain members of `template`; another `rotation`
    (any text) makes another one. `keep_days` is how long a deleted one can be restored: 0 (not at all), or 7 to 30.
    """

    description: str
    region: str
    keep_days: int
    value: pulumi.Output[str] | None = None
    template: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    rotation: str = ""

    def validate(self) -> None:
        """Raises ValueError for what Secrets Manager would refuse."""
        if self.keep_days != 0 and not 7 <= self.keep_days <= 30:
            raise ValueError(f"keep_days is {self.keep_days}; use 0, or 7 to 30")


class Secret(Component):
    """A secret in Secrets Manager. `arn` is known only once it has a value, so whoever uses it starts after that."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: SecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        self._args = args
        self._secret = aws.secretsmanager.Secret(
            name, description=args.description, recovery_window_in_days=args.keep_days, opts=self.child()
        )
        version = self._generate() if args.value is None else self._put(args.value)
        self.arn = pulumi.Output.all(self._secret.arn, version).apply(lambda known: str(known[0]))
        self.finish()

    def _generate(self) -> pulumi.Output[str]:
        return GeneratedSecret(
            self.name,
            region=self._args.region,
            secret_id=self._secret.arn,
            template=json.dumps(dict(sorted(self._args.template.items()))),
            key=self._args.key,
            rotation=self._args.rotation,
            opts=self.child(),
        ).version_id

    def _put(self, value: pulumi.Output[str]) -> pulumi.Output[str]:
        return aws.secretsmanager.SecretVersion(
            self.name, secret_id=self._secret.arn, secret_string=value, opts=self.child()
        ).version_id

    def reference(self, member: str = "") -> SecretReference:
        """The secret, or its member `member`, for a container definition."""
        return SecretReference(arn=self.arn, member=member)
