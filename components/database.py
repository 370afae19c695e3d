"""The platform's Postgres: one server, one database, a role and a secret for each service that needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws

from components.aurora import Aurora
from components.component import Component
from components.config import DatabaseConfig, DatabaseEngine, StackConfig
from components.database_server import ServerArgs
from components.postgres import Postgres
from components.secret import Secret, SecretArgs, SecretReference
from services import catalog


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """`subnet_ids`: isolated ones in at least two zones; `tls`: what services demand of the connection."""

    region: str
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    settings: DatabaseConfig
    tls: str
    log_retention_days: int
    operated: bool
    protect: bool

    @classmethod
    def of(
        cls, config: StackConfig, subnet_ids: Sequence[pulumi.Input[str]], security_group_id: pulumi.Input[str]
    ) -> Self:
        """The stack's own; the embedded run's Postgres is on this machine and speaks no TLS."""
        return cls(
            region=config.region,
            subnet_ids=subnet_ids,
            security_group_id=security_group_id,
            settings=config.database,
            tls="verify-full" if config.local is None else "disable",
            log_retention_days=config.log_retention_days,
            operated=config.local is None,
            protect=config.is_prod,
        )

    def validate(self) -> None:
        """Raises ValueError where RDS would refuse the subnet group, or services the mode."""
        if len(self.subnet_ids) < 2:
            raise ValueError(f"{len(self.subnet_ids)} subnet; RDS needs two in different zones")
        if self.tls not in ("disable", "require", "verify-full"):
            raise ValueError(f"tls is {self.tls!r}; use disable, require or verify-full")


class Database(Component):
    """An encrypted server that only its security group's friends reach, and that lets nobody in without TLS."""

    address: pulumi.Output[str]
    port: pulumi.Output[int]
    endpoint: pulumi.Output[str]
    tls: str
    storage_gb: int | None
    metric_dimensions: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        self._args = args
        self._server = self._create_server(self._create_subnet_group())
        self._role_secrets = self._create_role_secrets()
        self.address = self._server.address
        self.port = self._server.port
        self.endpoint = self._server.endpoint
        self.metric_dimensions = self._server.metric_dimensions
        is_instance = args.settings.engine is DatabaseEngine.POSTGRES
        self.storage_gb = args.settings.storage_gb if is_instance else None
        self.tls = args.tls
        self.finish()

    def _create_subnet_group(self) -> aws.rds.SubnetGroup:
        return aws.rds.SubnetGroup(
            self.name, subnet_ids=self._args.subnet_ids, description="Subnets without a way out", opts=self.child()
        )

    def _create_server(self, subnet_group: aws.rds.SubnetGroup) -> Postgres | Aurora:
        args = self._args
        settings = ServerArgs(
            name=self.name,
            settings=args.settings,
            subnet_group=subnet_group.name,
            identifier=subnet_group.name,
            security_group_id=args.security_group_id,
            log_retention_days=args.log_retention_days,
            operated=args.operated,
            protect=args.protect,
        )
        kind = Aurora if args.settings.engine is DatabaseEngine.AURORA_SERVERLESS else Postgres
        return kind(self.name, settings, self.child())

    def _create_role_secrets(self) -> dict[str, Secret]:
        return {
            service.name: Secret(
                f"{self.name}-{service.name}",
                SecretArgs(
                    description=f"Database role of the service {service.name}",
                    region=self._args.region,
                    keep_days=7 if self._args.protect else 0,
                    # Two roles in turn (Secrets Manager's "alternating users"): the tasks that still run keep a role
                    # and a password that work until the rotation after this one.
                    template={"username": service.name},
                    alternative={"username": f"{service.name}_alternate"},
                    key="password",
                    rotation=self._args.settings.rotation,
                    rotation_days=self._args.settings.rotation_days,
                ),
                self.child(),
            )
            for service in catalog.SERVICES
            if catalog.Need.DATABASE in service.needs
        }

    def role_secret(self, service: str, member: str) -> SecretReference:
        """`username` or `password` of the role that `service` signs in as."""
        return self._role_secrets[service].reference(member)

    def master_secret(self, member: str) -> SecretReference:
        """`username` or `password` of the master role, which migrations alone sign in as."""
        return SecretReference(arn=self._server.master_secret_arn, member=member)
