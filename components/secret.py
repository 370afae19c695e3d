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
    """A secret, or one member of a secret that is a JSON object, as ECS and IAM name it.

    `version`: the very value that is meant. A task that is started again, or by a roll-back, gets the value that its
    definition was made for, and another value is another task definition. Without one, whatever is current.
    """

    arn: pulumi.Output[str]
    member: str = ""
    version: pulumi.Output[str] | None = None

    @property
    def value_from(self) -> pulumi.Output[str]:
        """For a container definition: `ARN:member:stage:version` (ECS guide, "secrets-envvar-secrets-manager")."""
        if self.version is None and not self.member:
            return self.arn
        return pulumi.Output.concat(self.arn, f":{self.member}::", "" if self.version is None else self.version)


@dataclass(frozen=True, kw_only=True)
class SecretArgs:
    """A secret with the given `value`, or, without one, with a random value made by Secrets Manager.

    A random value is the whole secret, or the member `key` beside the plain members of `template`; another `rotation`
    (any text), or an age of `rotation_days`, makes another one, every second time beside those of `alternative`.
    `keep_days` is how long a deleted one can be restored: 0 (not at all), or 7 to 30.
    """

    description: str
    region: str
    keep_days: int
    value: pulumi.Output[str] | None = None
    template: Mapping[str, str] = field(default_factory=dict)
    alternative: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    rotation: str = ""
    rotation_days: int = 0

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
        self._value_version = self._generate() if args.value is None else self._put(args.value)
        self.arn = pulumi.Output.all(self._secret.arn, self._value_version).apply(lambda known: str(known[0]))
        self.finish()

    def _generate(self) -> pulumi.Output[str]:
        return GeneratedSecret(
            self.name,
            region=self._args.region,
            secret_id=self._secret.arn,
            template=_json(self._args.template),
            alternative=_json(self._args.alternative) if self._args.alternative else "",
            key=self._args.key,
            rotation=self._args.rotation,
            rotation_days=self._args.rotation_days,
            opts=self.child(),
        ).version_id

    def _put(self, value: pulumi.Output[str]) -> pulumi.Output[str]:
        return aws.secretsmanager.SecretVersion(
            self.name, secret_id=self._secret.arn, secret_string=value, opts=self.child()
        ).version_id

    def reference(self, member: str = "") -> SecretReference:
        """The secret, or its member `member`, for a container definition."""
        return SecretReference(arn=self.arn, member=member, version=self._value_version)


def _json(members: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(members.items())))
