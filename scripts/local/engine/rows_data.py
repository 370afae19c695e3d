"""The database instance, which stands for the real local PostgreSQL, and secrets."""

from __future__ import annotations

import asyncio
import json

from scripts.local.engine.rows import Creation, Row


def set_parameters(creation: Creation) -> None:
    """A parameter group is filled by a call of its own."""
    given = [
        {
            "ParameterName": parameter["name"],
            "ParameterValue": str(parameter["value"]),
            "ApplyMethod": parameter.get("applyMethod") or "immediate",
        }
        for parameter in creation.given.get("parameters") or []
    ]
    if given:
        creation.call("rds.modify_db_parameter_group", DBParameterGroupName=creation.id, Parameters=given)


def point_at_local_server(creation: Creation) -> None:
    """The instance is the local server: its database is made there, its address and master secret are the real ones."""
    server = creation.facts.database
    name = creation.given.get("dbName")
    if name:
        asyncio.run(server.ensure_database(name))
    managed = creation.response["DBInstance"].get("MasterUserSecret")
    if managed:
        credentials = json.dumps({"username": server.user, "password": server.password})
        creation.call("secretsmanager.put_secret_value", SecretId=managed["SecretArn"], SecretString=credentials)
        creation.outputs["masterUserSecrets"] = [
            {
                "secretArn": managed["SecretArn"],
                "secretStatus": managed.get("SecretStatus", "active"),
                "kmsKeyId": managed.get("KmsKeyId", ""),
            }
        ]
    creation.outputs |= {
        "address": server.host,
        "port": server.port,
        "endpoint": f"{server.host}:{server.port}",
        "engineVersionActual": creation.response["DBInstance"].get("EngineVersion", ""),
    }


ROWS = {
    "aws:rds/subnetGroup:SubnetGroup": Row(
        create="rds.create_db_subnet_group",
        id="DBSubnetGroup.DBSubnetGroupName",
        outputs={"arn": "DBSubnetGroup.DBSubnetGroupArn"},
        name="DBSubnetGroupName",
        rename={"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"},
        constants={},
        prepare=lambda creation: creation.inputs.setdefault("description", "Managed by Pulumi"),
    ),
    "aws:rds/parameterGroup:ParameterGroup": Row(
        create="rds.create_db_parameter_group",
        id="DBParameterGroup.DBParameterGroupName",
        outputs={"arn": "DBParameterGroup.DBParameterGroupArn"},
        name="DBParameterGroupName",
        rename={"name": "DBParameterGroupName", "family": "DBParameterGroupFamily"},
        elsewhere=frozenset({"parameters", "skipDestroy"}),
        prepare=lambda creation: creation.inputs.setdefault("description", "Managed by Pulumi"),
        finish=set_parameters,
    ),
    "aws:rds/instance:Instance": Row(
        create="rds.create_db_instance",
        id="DBInstance.DbiResourceId",
        outputs_from="DBInstance",
        outputs={"arn": "DBInstance.DBInstanceArn", "identifier": "DBInstance.DBInstanceIdentifier"},
        name="DBInstanceIdentifier",
        rename={
            "identifier": "DBInstanceIdentifier",
            "instanceClass": "DBInstanceClass",
            "username": "MasterUsername",
            "password": "MasterUserPassword",
            "parameterGroupName": "DBParameterGroupName",
            "backupWindow": "PreferredBackupWindow",
            "maintenanceWindow": "PreferredMaintenanceWindow",
            "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
            "performanceInsightsEnabled": "EnablePerformanceInsights",
            "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
            "caCertIdentifier": "CACertificateIdentifier",
        },
        elsewhere=frozenset(
            {
                "skipFinalSnapshot",
                "finalSnapshotIdentifier",
                "applyImmediately",
                "deleteAutomatedBackups",
                "allowMajorVersionUpgrade",
            }
        ),
        finish=point_at_local_server,
    ),
    "aws:secretsmanager/secret:Secret": Row(
        create="secretsmanager.create_secret",
        id="ARN",
        outputs={"arn": "ARN"},
        name="Name",
        elsewhere=frozenset({"recoveryWindowInDays", "forceOverwriteReplicaSecret"}),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Row(
        create="secretsmanager.put_secret_value", id="VersionId", outputs={"secretArn": "ARN", "versionId": "VersionId"}
    ),
}
