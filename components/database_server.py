"""What a database server is told, whichever of the two kinds it is."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.config import DatabaseConfig

DATABASE_NAME = "sri"
MASTER = "postgres"
VERSION = "16"
"""The major version; minor ones come by themselves in the maintenance window, another major one by hand."""

LOGS = ("postgresql", "upgrade")
BACKUP_WINDOW = "03:00-04:00"
MAINTENANCE_WINDOW = "sun:04:30-sun:05:30"

PARAMETERS = {
    "log_lock_waits": "1",
    "log_min_duration_statement": "500",  # milliseconds
    "rds.force_ssl": "1",
}


@dataclass(frozen=True, kw_only=True)
class ServerArgs:
    """`identifier`: unique to this stack, also as the name of what it leaves behind.

    `operated`: whether someone watches it, so that its logs and its insights are kept. `protect`: people's data.
    """

    name: str
    settings: DatabaseConfig
    subnet_group: pulumi.Output[str]
    identifier: pulumi.Output[str]
    security_group_id: pulumi.Input[str]
    log_retention_days: int
    operated: bool
    protect: bool

    @property
    def final_snapshot(self) -> pulumi.Output[str] | None:
        """The identifier has a random part: a stack made, deleted and made again leaves two snapshots."""
        return pulumi.Output.concat(self.identifier, "-final") if self.settings.deletion_protection else None

    def log_groups(self, kind: str, opts: pulumi.ResourceOptions) -> list[aws.cloudwatch.LogGroup]:
        """The groups that RDS writes into, made first: those that it makes by itself keep logs for ever."""
        return [
            aws.cloudwatch.LogGroup(
                f"{self.name}-database-{log}",
                name=pulumi.Output.concat(f"/aws/rds/{kind}/", self.identifier, f"/{log}"),
                retention_in_days=self.log_retention_days,
                opts=opts,
            )
            for log in (LOGS if kind == "instance" else LOGS[:1])
        ]
