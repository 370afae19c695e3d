"""Postgres on one RDS instance, with a standby in another zone where the configuration says so."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.database_server import (
    BACKUP_WINDOW,
    DATABASE_NAME,
    LOGS,
    MAINTENANCE_WINDOW,
    MASTER,
    PARAMETERS,
    VERSION,
    ServerArgs,
)

_STORAGE_GROWTH = 4


class Postgres(Component):
    """An encrypted instance that lets nobody in without TLS."""

    address: pulumi.Output[str]
    port: pulumi.Output[int]
    endpoint: pulumi.Output[str]
    master_secret_arn: pulumi.Output[str]
    metric_dimensions: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: ServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        logs = args.log_groups("instance", self.child()) if args.operated else []
        instance = self._create_instance(self._create_parameters(), logs)
        self.address = instance.address
        self.port = instance.port
        self.endpoint = instance.endpoint
        self.master_secret_arn = instance.master_user_secrets.apply(lambda secrets: str(secrets[0].secret_arn))
        self.metric_dimensions = {"DBInstanceIdentifier": instance.identifier}
        self.finish()

    def _create_parameters(self) -> aws.rds.ParameterGroup:
        return aws.rds.ParameterGroup(
            self.name,
            family=f"postgres{VERSION}",
            description="TLS only; slow statements and waits are logged",
            parameters=[{"name": name, "value": value} for name, value in PARAMETERS.items()],
            opts=self.child(),
        )

    def _create_instance(
        self, parameters: aws.rds.ParameterGroup, logs: list[aws.cloudwatch.LogGroup]
    ) -> aws.rds.Instance:
        args, settings = self._args, self._args.settings
        return aws.rds.Instance(
            self.name,
            identifier=args.identifier,
            engine="postgres",
            engine_version=VERSION,
            instance_class=settings.instance_class,
            db_name=DATABASE_NAME,
            username=MASTER,
            # RDS makes the password, keeps it in Secrets Manager and rotates it: no other place ever knows it.
            manage_master_user_password=True,
            allocated_storage=settings.storage_gb,
            storage_type="gp3",
            storage_encrypted=True,
            publicly_accessible=False,
            multi_az=settings.multi_az,
            db_subnet_group_name=args.subnet_group,
            vpc_security_group_ids=[args.security_group_id],
            parameter_group_name=parameters.name,
            backup_retention_period=settings.backup_days,
            copy_tags_to_snapshot=True,
            deletion_protection=settings.deletion_protection,
            skip_final_snapshot=not settings.deletion_protection,
            final_snapshot_identifier=args.final_snapshot,
            delete_automated_backups=not settings.deletion_protection,
            apply_immediately=not args.protect,
            auto_minor_version_upgrade=True,
            allow_major_version_upgrade=False,
            **(self._operations() if args.operated else {}),
            opts=self.child(protect=args.protect, depends_on=logs, delete_before_replace=not args.protect),
        )

    def _operations(self) -> dict[str, Any]:
        return {
            "max_allocated_storage": self._args.settings.storage_gb * _STORAGE_GROWTH,
            "performance_insights_enabled": True,
            "performance_insights_retention_period": 7,
            "enabled_cloudwatch_logs_exports": list(LOGS),
            "backup_window": BACKUP_WINDOW,
            "maintenance_window": MAINTENANCE_WINDOW,
        }
