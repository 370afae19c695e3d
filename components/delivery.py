"""How a pipeline gets in: roles that GitHub's short-lived tokens open, to preview, to compare and to deploy.

None has a key. Each trusts one repository only: one its pull requests, one its main branch, and the deploying one a
single environment, whose own rules say who approves. A permission boundary keeps every role made here, and every role
that a deployment makes, from giving itself more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.config import StackConfig
from components.delivery_policies import boundary_statements, deploy_statements, drift_statements, plan_statements
from components.delivery_state import PipelineState
from components.policies import Statement, document

ISSUER = "token.actions.githubusercontent.com"


@dataclass(frozen=True, kw_only=True)
class DeliveryArgs:
    """`repository`: owner/name. `environment`: the GitHub environment that deploys this stack, named as its tier.

    `create_provider`: an account has one identity provider of GitHub's; the first stack makes it. `state`: where the
    roles find the project's state; None where they need no leave of AWS for it.
    """

    account: str
    region: str
    stack: str
    repository: str
    environment: str
    create_provider: bool
    state: PipelineState | None = None

    @classmethod
    def of(cls, config: StackConfig, account: str) -> Self | None:
        """The stack's own, if it is deployed by a pipeline at all."""
        if config.github_repository is None:
            return None
        return cls(
            account=account,
            region=config.region,
            stack=config.name,
            repository=config.github_repository,
            environment=config.tier.value,
            create_provider=not config.github_provider_exists,
            state=None if config.state_bucket is None else PipelineState(config.state_bucket, config.state_key),
        )

    def validate(self) -> None:
        """Raises ValueError for a repository that would admit others'."""
        owner, slash, name = self.repository.partition("/")
        if not (owner and slash and name) or "*" in self.repository or "/" in name:
            raise ValueError(f"repository is {self.repository!r}; write it like owner/name")


class Delivery(Component):
    """The identity provider, the permission boundary, and a role each for previews, comparisons and deployments."""

    plan_role_arn: pulumi.Output[str]
    drift_role_arn: pulumi.Output[str]
    deploy_role_arn: pulumi.Output[str]
    boundary_arn: pulumi.Output[str]

    def __init__(self, name: str, args: DeliveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        self._args = args
        self._provider_arn = self._find_provider()
        self._boundary = self._create_boundary()
        self.boundary_arn = self._boundary.arn
        scope = args.account, args.region, args.stack, args.state
        self.plan_role_arn = self._create_role("plan", "pull_request", plan_statements(*scope))
        self.drift_role_arn = self._create_role("drift", "ref:refs/heads/main", drift_statements(*scope))
        self.deploy_role_arn = self._create_role("deploy", f"environment:{args.environment}", deploy_statements(*scope))
        self.finish()

    def _find_provider(self) -> pulumi.Output[str]:
        if not self._args.create_provider:
            arn = f"arn:aws:iam::{self._args.account}:oidc-provider/{ISSUER}"
            return pulumi.Output.from_input(arn)
        # AWS checks GitHub's certificate against its own list of authorities: no thumbprint.
        return aws.iam.OpenIdConnectProvider(
            f"{self.name}-github", url=f"https://{ISSUER}", client_id_lists=["sts.amazonaws.com"], opts=self.child()
        ).arn

    def _create_boundary(self) -> aws.iam.Policy:
        args = self._args
        name = f"{self.name}-boundary"
        return aws.iam.Policy(
            name,
            name=name,
            description="What no role of this stack can do, whatever its policies say",
            policy=document(boundary_statements(args.account, args.stack)),
            opts=self.child(),
        )

    def _create_role(self, kind: str, subject: str, statements: list[Statement]) -> pulumi.Output[str]:
        """`subject`: what of the repository the role opens for, in the words of GitHub's tokens."""
        name = f"{self.name}-{kind}"
        role = aws.iam.Role(
            name,
            name=name,
            assume_role_policy=document([trust(self._provider_arn, f"repo:{self._args.repository}:{subject}")]),
            permissions_boundary=self._boundary.arn,
            max_session_duration=3600,
            opts=self.child(),
        )
        aws.iam.RolePolicy(name, role=role.name, policy=document(statements), opts=self.child())
        return role.arn


def trust(provider_arn: pulumi.Output[str], subject: str) -> Statement:
    """Who may take the role on: GitHub's tokens made for AWS, for exactly this subject."""
    return {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider_arn},
        "Condition": {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": [subject]}},
    }
