"""A database that a service's own migrate command has prepared."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from services.shared.migrations import migrate
from services.shared.settings import MigrationSettings
from tests.support.postgres import Database


@dataclass(frozen=True)
class MigratedDatabase:
    """A service's schema, with the role that the service uses."""

    database: Database
    user: str
    password: str

    @property
    def settings(self) -> dict[str, Any]:
        """The service's DATABASE_* settings, as keyword arguments."""
        return {
            "database_host": self.database.host,
            "database_port": self.database.port,
            "database_name": self.database.name,
            "database_user": self.user,
            "database_password": self.password,
            "database_tls": "disable",
            "database_pool_size": 8,
        }


def migration_settings(database: Database, user: str, password: str) -> MigrationSettings:
    """The settings of a migrate command that makes the role `user`."""
    return MigrationSettings.model_validate(
        {
            "environment": "local",
            "log_level": "info",
            "database_host": database.host,
            "database_port": database.port,
            "database_name": database.name,
            "database_user": database.user,
            "database_password": database.password,
            "database_tls": "disable",
            "service_database_user": user,
            "service_database_password": password,
        }
    )


def migrated(database: Database, package: str) -> MigratedDatabase:
    """Run the migrations of the service in `package`; its role is the test's own, since roles belong to the server."""
    name = package.rpartition(".")[2]
    result = MigratedDatabase(database, f"{name}_{uuid.uuid4().hex[:8]}", uuid.uuid4().hex)
    assert migrate(package, name, migration_settings(database, result.user, result.password)) == 0
    return result
