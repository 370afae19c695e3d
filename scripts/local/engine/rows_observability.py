"""Log groups and dashboards."""

from __future__ import annotations

from scripts.local.engine.rows import Creation, Row


def finish_log_group(creation: Creation) -> None:
    """Retention is a call of its own."""
    days = creation.given.get("retentionInDays")
    if days:
        creation.call("logs.put_retention_policy", logGroupName=creation.id, retentionInDays=days)
    creation.outputs["arn"] = creation.arn("logs", f"log-group:{creation.id}")


def finish_dashboard(creation: Creation) -> None:
    """The call answers nothing, and a dashboard belongs to no region."""
    creation.outputs["dashboardArn"] = f"arn:aws:cloudwatch::{creation.cloud.account}:dashboard/{creation.id}"


ROWS = {
    "aws:cloudwatch/logGroup:LogGroup": Row(
        create="logs.create_log_group",
        name="logGroupName",
        rename={"name": "logGroupName"},
        elsewhere=frozenset({"retentionInDays", "skipDestroy"}),
        finish=finish_log_group,
    ),
    "aws:cloudwatch/dashboard:Dashboard": Row(
        create="cloudwatch.put_dashboard", name="DashboardName", finish=finish_dashboard
    ),
}
