"""Postgres on Aurora Serverless v2: storage in three zones, and as much capacity as the load asks for."""

from __future__ import annotations

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

CAPACITY = {False: (0.5, 4.0), True: (1.0, 16.0)}
"""Whether people's data lives here -> least and most capacity, in Aurora capacity units of 2 GiB of memory."""

_ENGINE = "aurora-postgresql"


class Aurora(Component):
    """An encrypted cluster that lets nobody in without TLS: one instance, or two in different zones."""

    address: pulumi.Output[str]
    port: pulumi.Output[int]
    endpoint: pulumi.Output[str]
    master_secret_arn: pulumi.Output[str]
    metric_dimensions: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: ServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        cluster = self._create_cluster(self._create_parameters(), args.log_groups("cluster", self.child()))
        first = self._create_instances(cluster)
        # An address that nothing answers at yet is none: whoever connects waits for the first instance.
        self.address = pulumi.Output.all(cluster.endpoint, first.id).apply(lambda known: str(known[0]))
        self.port = cluster.port
        self.endpoint = pulumi.Output.concat(self.address, ":", cluster.port.apply(str))
        self.master_secret_arn = cluster.master_user_secrets.apply(lambda secrets: str(secrets[0].secret_arn))
        self.metric_dimensions = {"DBClusterIdentifier": cluster.cluster_identifier}
        self.finish()

    def _create_parameters(self) -> aws.rds.ClusterParameterGroup:
        return aws.rds.ClusterParameterGroup(
            self.name,
            family=f"{_ENGINE}{VERSION}",
            description="TLS only; slow statements and waits are logged",
            parameters=[{"name": name, "value": value} for name, value in PARAMETERS.items()],
            opts=self.child(),
        )

    def _create_cluster(
        self, parameters: aws.rds.ClusterParameterGroup, logs: list[aws.cloudwatch.LogGroup]
    ) -> aws.rds.Cluster:
        args, settings = self._args, self._args.settings
        least, most = CAPACITY[args.protect]
        return aws.rds.Cluster(
            self.name,
            cluster_identifier=args.identifier,
            engine=_ENGINE,
            engine_mode="provisioned",
            engine_version=VERSION,
            allow_major_version_upgrade=False,
            serverlessv2_scaling_configuration={"min_capacity": least, "max_capacity": most},
            database_name=DATABASE_NAME,
            master_username=MASTER,
            manage_master_user_password=True,
            storage_encrypted=True,
            db_subnet_group_name=args.subnet_group,
            vpc_security_group_ids=[args.security_group_id],
            db_cluster_parameter_group_name=parameters.name,
            backup_retention_period=max(settings.backup_days, 1),  # Aurora cannot go without
            copy_tags_to_snapshot=True,
            deletion_protection=settings.deletion_protection,
            skip_final_snapshot=not settings.deletion_protection,
            final_snapshot_identifier=args.final_snapshot,
            delete_automated_backups=not settings.deletion_protection,
            apply_immediately=not args.protect,
            enabled_cloudwatch_logs_exports=[LOGS[0]],
            preferred_backup_window=BACKUP_WINDOW,
            preferred_maintenance_window=MAINTENANCE_WINDOW,
            opts=self.child(protect=args.protect, depends_on=logs, delete_before_replace=not args.protect),
        )

    def _create_instances(self, cluster: aws.rds.Cluster) -> aws.rds.ClusterInstance:
        instances = [
            aws.rds.ClusterInstance(
                f"{self.name}-{number}",
                cluster_identifier=cluster.id,
                engine=aws.rds.EngineType.AURORA_POSTGRESQL,
                engine_version=cluster.engine_version,
                instance_class="db.serverless",
                db_subnet_group_name=self._args.subnet_group,
                publicly_accessible=False,
                auto_minor_version_upgrade=True,
                performance_insights_enabled=True,
                performance_insights_retention_period=7,
                apply_immediately=not self._args.protect,
                opts=self.child(),
            )
            for number in range(2 if self._args.settings.multi_az else 1)
        ]
        return instances[0]
