"""The platform's Postgres: one instance, one database, a role and a secret for each service that needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.config import DatabaseConfig, StackConfig
from components.secret import Secret, SecretArgs, SecretReference
from services import catalog

DATABASE_NAME = "sri"
_MASTER = "postgres"
_VERSION = "16"


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """`subnet_ids`: isolated ones in at least two zones; `tls`: what services demand of the connection."""

    region: str
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    settings: DatabaseConfig
    tls: str
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
            protect=config.is_prod,
        )

    def validate(self) -> None:
        """Raises ValueError where RDS would refuse the subnet group, or services the mode."""
        if len(self.subnet_ids) < 2:
            raise ValueError(f"{len(self.subnet_ids)} subnet; RDS needs two in different zones")
        if self.tls not in ("disable", "require", "verify-full"):
            raise ValueError(f"tls is {self.tls!r}; use disable, require or verify-full")


class Database(Component):
    """An encrypted instance that only its security group's friends reach, and that lets nobody in without TLS."""

    address: pulumi.Output[str]
    port: pulumi.Output[int]
    endpoint: pulumi.Output[str]
    tls: str

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        self._args = args
        self._instance = self._create_instance(self._create_subnet_group(), self._create_parameters())
        self._role_secrets = self._create_role_secrets()
        self.address = self._instance.address
        self.port = self._instance.port
        self.endpoint = self._instance.endpoint
        self.tls = args.tls
        self.finish()

    def _create_subnet_group(self) -> aws.rds.SubnetGroup:
        return aws.rds.SubnetGroup(
            self.name, subnet_ids=self._args.subnet_ids, description="Subnets without a way out", opts=self.child()
        )

    def _create_parameters(self) -> aws.rds.ParameterGroup:
        return aws.rds.ParameterGroup(
            self.name,
            family=f"postgres{_VERSION}",
            description="TLS only",
            parameters=[{"name": "rds.force_ssl", "value": "1"}],
            opts=self.child(),
        )

    def _create_instance(
        self, subnet_group: aws.rds.SubnetGroup, parameters: aws.rds.ParameterGroup
    ) -> aws.rds.Instance:
        settings = self._args.settings
        return aws.rds.Instance(
            self.name,
            engine="postgres",
            engine_version=_VERSION,
            auto_minor_version_upgrade=True,
            instance_class=settings.instance_class,
            db_name=DATABASE_NAME,
            username=_MASTER,
            # RDS makes the password, keeps it in Secrets Manager and rotates it: no other place ever knows it.
            manage_master_user_password=True,
            allocated_storage=settings.storage_gb,
            storage_type="gp3",
            storage_encrypted=True,
            publicly_accessible=False,
            multi_az=settings.multi_az,
            db_subnet_group_name=subnet_group.name,
            vpc_security_group_ids=[self._args.security_group_id],
            parameter_group_name=parameters.name,
            backup_retention_period=settings.backup_days,
            copy_tags_to_snapshot=True,
            deletion_protection=settings.deletion_protection,
            skip_final_snapshot=not settings.deletion_protection,
            # The subnet group's name has a random part: a stack made, deleted and made again leaves two snapshots.
            final_snapshot_identifier=pulumi.Output.concat(subnet_group.name, "-final")
            if settings.deletion_protection
            else None,
            apply_immediately=not self._args.protect,
            opts=self.child(protect=self._args.protect),
        )

    def _create_role_secrets(self) -> dict[str, Secret]:
        return {
            service.name: Secret(
                f"{self.name}-{service.name}",
                SecretArgs(
                    description=f"Database role of the service {service.name}",
                    region=self._args.region,
                    keep_days=7 if self._args.protect else 0,
                    template={"username": service.name},
                    key="password",
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
        arn = self._instance.master_user_secrets.apply(lambda secrets: str(secrets[0].secret_arn))
        return SecretReference(arn=arn, member=member)
