"""The two kinds of database that a stack may have, as far as restoring one beside it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

TAGS = [{"Key": "Purpose", "Value": "restore drill, may be deleted"}]

Described = dict[str, Any]


class Source(Protocol):
    """A database and its copies, by their identifiers. `rds` is boto3's client; what it raises comes through."""

    @property
    def name(self) -> str:
        """The database's own identifier."""

    def keeps_backups(self) -> bool:
        """Whether there is anything to restore."""

    def address(self, name: str) -> str:
        """The host name of the database, or of a copy."""

    def restore(self, copy: str) -> None:
        """Begin to make the copy, as it is at the latest time that can be restored, in the same network."""

    def status(self, copy: str) -> str:
        """RDS's word for how far the copy is: `available` in the end."""

    def is_sound(self, copy: str) -> bool:
        """Whether the copy is encrypted, and nobody outside reaches it."""

    def delete(self, copy: str) -> None:
        """Begin to delete the copy, with its backups."""


@dataclass(frozen=True)
class Instance:
    """One RDS instance (`sri:database.engine` is `postgres`)."""

    rds: Any
    name: str

    def _described(self, name: str) -> Described:
        found: Described = self.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        return found

    def keeps_backups(self) -> bool:
        """Whether there is anything to restore."""
        return bool(self._described(self.name).get("BackupRetentionPeriod"))

    def address(self, name: str) -> str:
        """The host name of the database, or of a copy."""
        return str(self._described(name)["Endpoint"]["Address"])

    def restore(self, copy: str) -> None:
        """Begin to make the copy: without a standby, and with nothing that would keep it from being deleted."""
        original = self._described(self.name)
        self.rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier=self.name,
            TargetDBInstanceIdentifier=copy,
            UseLatestRestorableTime=True,
            DBInstanceClass=original["DBInstanceClass"],
            DBSubnetGroupName=original["DBSubnetGroup"]["DBSubnetGroupName"],
            DBParameterGroupName=original["DBParameterGroups"][0]["DBParameterGroupName"],
            VpcSecurityGroupIds=[group["VpcSecurityGroupId"] for group in original["VpcSecurityGroups"]],
            PubliclyAccessible=False,
            MultiAZ=False,
            DeletionProtection=False,
            Tags=TAGS,
        )

    def status(self, copy: str) -> str:
        """RDS's word for how far the copy is."""
        return str(self._described(copy)["DBInstanceStatus"])

    def is_sound(self, copy: str) -> bool:
        """Whether the copy is encrypted, and nobody outside reaches it."""
        restored = self._described(copy)
        return bool(restored.get("StorageEncrypted")) and not restored.get("PubliclyAccessible")

    def delete(self, copy: str) -> None:
        """Begin to delete the copy, with its backups."""
        self.rds.delete_db_instance(DBInstanceIdentifier=copy, SkipFinalSnapshot=True, DeleteAutomatedBackups=True)


@dataclass(frozen=True)
class Cluster:
    """An Aurora cluster, whose copy gets one instance (`sri:database.engine` is `aurora-serverless`)."""

    rds: Any
    name: str

    def _described(self, name: str) -> Described:
        found: Described = self.rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
        return found

    def _instance(self, copy: str) -> Described:
        found: Described = self.rds.describe_db_instances(DBInstanceIdentifier=f"{copy}-0")["DBInstances"][0]
        return found

    def keeps_backups(self) -> bool:
        """Aurora always does."""
        return True

    def address(self, name: str) -> str:
        """The writer's host name."""
        return str(self._described(name)["Endpoint"])

    def restore(self, copy: str) -> None:
        """Begin to make the copy: the volume at once, and an instance that reads it."""
        original = self._described(self.name)
        capacity = original.get("ServerlessV2ScalingConfiguration", {})
        self.rds.restore_db_cluster_to_point_in_time(
            SourceDBClusterIdentifier=self.name,
            DBClusterIdentifier=copy,
            UseLatestRestorableTime=True,
            DBSubnetGroupName=original["DBSubnetGroup"],
            DBClusterParameterGroupName=original["DBClusterParameterGroup"],
            VpcSecurityGroupIds=[group["VpcSecurityGroupId"] for group in original["VpcSecurityGroups"]],
            ServerlessV2ScalingConfiguration={name: capacity[name] for name in ("MinCapacity", "MaxCapacity")},
            DeletionProtection=False,
            Tags=TAGS,
        )
        self.rds.create_db_instance(
            DBInstanceIdentifier=f"{copy}-0",
            DBClusterIdentifier=copy,
            DBInstanceClass="db.serverless",
            Engine=original["Engine"],
            PubliclyAccessible=False,
            Tags=TAGS,
        )

    def status(self, copy: str) -> str:
        """RDS's word for how far the copy's instance is."""
        return str(self._instance(copy)["DBInstanceStatus"])

    def is_sound(self, copy: str) -> bool:
        """Whether the copy is encrypted, and nobody outside reaches it."""
        return bool(self._described(copy).get("StorageEncrypted")) and not self._instance(copy).get(
            "PubliclyAccessible"
        )

    def delete(self, copy: str) -> None:
        """Begin to delete the copy's instance, and the cluster with it."""
        self.rds.delete_db_instance(DBInstanceIdentifier=f"{copy}-0", SkipFinalSnapshot=True)
        self.rds.delete_db_cluster(DBClusterIdentifier=copy, SkipFinalSnapshot=True)


def source_of(rds: Any, name: str) -> Source:
    """What goes by this identifier: the first label of the stack's output `database_endpoint`, of either kind."""
    clusters = rds.describe_db_clusters()["DBClusters"]
    known = name in {cluster["DBClusterIdentifier"] for cluster in clusters}
    return Cluster(rds, name) if known else Instance(rds, name)
