"""What a service's containers are told: the environment and the secrets that follow from the catalog's needs.

A test holds these names equal to the settings that each service reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.auth import Auth
from components.config import StackConfig
from components.connections import pool_size
from components.database import Database
from components.database_server import DATABASE_NAME
from components.policies import Statement
from components.secret import SecretReference
from services import catalog


@dataclass(frozen=True, kw_only=True)
class Variables:
    """Environment variables by name: plain values, and secrets that only ECS reads."""

    plain: Mapping[str, pulumi.Input[str]]
    secret: Mapping[str, SecretReference]


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The facts of one stack that its containers need. `namespace`: the private DNS name that services answer under."""

    config: StackConfig
    auth: Auth
    database: Database
    public_origin: pulumi.Output[str]
    namespace: str

    def serve(self, service: catalog.Service) -> Variables:
        """For the container that serves requests."""
        plain: dict[str, pulumi.Input[str]] = {
            **self._basics(), **self._telemetry(), **self._tokens(), **self._callees(service),
        }  # fmt: skip
        secret: dict[str, SecretReference] = {}
        if service.is_gateway:
            plain |= self._limits()
        if catalog.Need.SESSIONS in service.needs:
            plain["PUBLIC_ORIGIN"] = self.public_origin
            secret["COGNITO_CLIENT_SECRET"] = self.auth.client_secret.reference()
            secret["SESSION_KEYS"] = self.auth.session_keys.reference()
        if catalog.Need.DATABASE in service.needs:
            plain |= self._database() | {"DATABASE_POOL_SIZE": str(pool_size(self.config))}
            secret["DATABASE_USER"] = self.database.role_secret(service.name, "username")
            secret["DATABASE_PASSWORD"] = self.database.role_secret(service.name, "password")
        return Variables(plain=plain, secret=secret)

    def migrate(self, service: catalog.Service) -> Variables:
        """For the container that migrates the service's schema: it signs in as master, to set up the service's role."""
        return Variables(
            plain={**self._basics(), **self._database()},
            secret={
                "DATABASE_USER": self.database.master_secret("username"),
                "DATABASE_PASSWORD": self.database.master_secret("password"),
                "SERVICE_DATABASE_USER": self.database.role_secret(service.name, "username"),
                "SERVICE_DATABASE_PASSWORD": self.database.role_secret(service.name, "password"),
            },
        )

    def statements(self, service: catalog.Service) -> list[Statement]:
        """What the service's own code may ask of AWS."""
        return [self.auth.admin_statement()] if catalog.Need.SESSIONS in service.needs else []

    def _basics(self) -> dict[str, pulumi.Input[str]]:
        return {"ENVIRONMENT": self.config.tier.value, "LOG_LEVEL": self.config.log_level.value}

    def _telemetry(self) -> dict[str, pulumi.Input[str]]:
        endpoint = self.config.otlp_endpoint
        return {} if endpoint is None else {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}

    def _tokens(self) -> dict[str, pulumi.Input[str]]:
        return {
            "AWS_REGION": self.config.region,
            "COGNITO_USER_POOL_ID": self.auth.user_pool_id,
            "COGNITO_CLIENT_ID": self.auth.client_id,
            "COGNITO_ISSUER": self.auth.issuer,
            "COGNITO_JWKS_URL": self.auth.jwks_url,
        }

    def _limits(self) -> dict[str, pulumi.Input[str]]:
        gateway = self.config.gateway
        return {
            "RATE_LIMIT_USER": str(gateway.user_requests),
            "RATE_LIMIT_ADDRESS": str(gateway.address_requests),
            "CORS_ORIGINS": gateway.cors_origins or "none",
        }

    def _database(self) -> dict[str, pulumi.Input[str]]:
        return {
            "DATABASE_HOST": self.database.address,
            "DATABASE_PORT": self.database.port.apply(str),
            "DATABASE_NAME": DATABASE_NAME,
            "DATABASE_TLS": self.database.tls,
        }

    def _callees(self, service: catalog.Service) -> dict[str, pulumi.Input[str]]:
        return {callee.url_variable: self._url(callee) for callee in catalog.called_by(service)}

    def _url(self, service: catalog.Service) -> str:
        local = self.config.local
        host = f"{service.name}.{self.namespace}" if local is None else local.host
        return f"http://{host}:{self.config.port_of(service)}"
