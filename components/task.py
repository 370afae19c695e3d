"""A task definition and the roles that its task needs, each naming exactly what it may touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws_limits import FARGATE_MEMORY
from components.component import Component
from components.container import Container
from components.environment import Variables
from components.images import Image
from components.policies import Statement, allow, document, trust_tasks
from image_builds import CpuArchitecture
from services.catalog import Size


@dataclass(frozen=True, kw_only=True)
class TaskArgs:
    """`family` names the task definition. `statements`: what the code may ask of AWS, no role at all where empty.

    `boundary`: what its roles can never do, whatever their policies say.
    """

    family: str
    account: str
    region: str
    size: Size
    architecture: CpuArchitecture
    image: Image
    command: Sequence[str]
    variables: Variables
    log_group: aws.cloudwatch.LogGroup
    stream_prefix: str
    container_name: str
    port: int | None = None
    statements: Sequence[Statement] = ()
    boundary: pulumi.Input[str] | None = None

    def validate(self) -> None:
        """Raises ValueError for a size that Fargate does not have."""
        if self.size.memory not in FARGATE_MEMORY.get(self.size.cpu, ()):
            raise ValueError(f"{self.family}: Fargate has no {self.size.memory} MiB with {self.size.cpu} CPU units")


class Task(Component):
    """One container on Fargate: read-only, without root, with an execution role that reads its own secrets alone."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: TaskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        self._args = args
        self._policies: list[pulumi.Resource] = []
        execution = self._create_role("execution", self._execution_statements())
        own = self._create_role("task", args.statements) if args.statements else None
        self.arn = self._create_definition(execution, own).arn
        self.finish()

    def _create_role(self, suffix: str, statements: Sequence[Statement]) -> aws.iam.Role:
        name = f"{self.name}-{suffix}"
        role = aws.iam.Role(
            name,
            assume_role_policy=trust_tasks(self._args.account),
            permissions_boundary=self._args.boundary,
            opts=self.child(),
        )
        self._policies.append(aws.iam.RolePolicy(name, role=role.name, policy=document(statements), opts=self.child()))
        return role

    def _execution_statements(self) -> list[Statement]:
        args = self._args
        statements = [
            # The one action here that IAM knows no resource for.
            allow(["ecr:GetAuthorizationToken"], "*"),
            allow(
                ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                args.image.repository_arn,
            ),
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(args.log_group.arn, ":*")),
        ]
        if args.variables.secret:
            arns = pulumi.Output.all(*[secret.arn for secret in args.variables.secret.values()])
            statements.append(
                {**allow(["secretsmanager:GetSecretValue"]), "Resource": arns.apply(lambda known: sorted(set(known)))}
            )
        return statements

    def _create_definition(self, execution: aws.iam.Role, own: aws.iam.Role | None) -> aws.ecs.TaskDefinition:
        args = self._args
        container = Container(
            name=args.container_name,
            image=args.image.reference,
            command=args.command,
            memory=args.size.memory,
            environment=args.variables.plain,
            secrets={name: secret.value_from for name, secret in args.variables.secret.items()},
            log_group=args.log_group.name,
            region=args.region,
            stream_prefix=args.stream_prefix,
            port=args.port,
        )
        return aws.ecs.TaskDefinition(
            self.name,
            family=args.family,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(args.size.cpu),
            memory=str(args.size.memory),
            runtime_platform={
                "operating_system_family": "LINUX",
                "cpu_architecture": args.architecture.value,
            },
            execution_role_arn=execution.arn,
            task_role_arn=None if own is None else own.arn,
            container_definitions=container.definitions(),
            # Whoever has the definition can start a task, and a task that starts may use its roles at once.
            opts=self.child(depends_on=self._policies),
        )
