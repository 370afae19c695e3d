"""Settings of a service: exactly the environment variables that its task definition gives it.

A field is an environment variable in lower case, so `env_names()` is the other side of the contract with the stack.
A service's own class is `services.<name>.settings.Settings`, put together from the classes here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, ValidationError, create_model
from pydantic_settings import BaseSettings, SettingsConfigDict

USAGE_ERROR = 2
SHORTEST_SESSION_KEY = 32

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Secret = Annotated[SecretStr, Field(min_length=1)]
Port = Annotated[int, Field(ge=1, le=65535)]


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return value.rstrip("/")


def _long_keys(value: SecretStr) -> SecretStr:
    if any(len(key) < SHORTEST_SESSION_KEY for key in value.get_secret_value().split(",")):
        raise ValueError(f"must be keys of at least {SHORTEST_SESSION_KEY} characters each, separated by commas")
    return value


def _origin(value: str) -> str:
    if urlsplit(value).path:
        raise ValueError("must be an origin (scheme, host and port) without a path")
    return value


Url = Annotated[Text, AfterValidator(_web_address)]
"""An http(s) address without a trailing slash."""

Origin = Annotated[Url, AfterValidator(_origin)]
"""What a browser sends as `Origin` (RFC 6454): scheme, host and port."""


class SettingsError(Exception):
    """The environment does not hold what the service needs; the text names each variable, and never a value."""


class BaseEnvironment(BaseSettings):
    """Reads its fields from the environment. An empty variable counts as missing; unknown ones are ignored."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True, env_file=None
    )

    @classmethod
    def env_names(cls) -> frozenset[str]:
        """The names of the environment variables that this class cannot do without."""
        return frozenset(name.upper() for name, field in cls.model_fields.items() if field.is_required())

    @classmethod
    def optional_env_names(cls) -> frozenset[str]:
        """The names of those that it can."""
        return frozenset(name.upper() for name, field in cls.model_fields.items() if not field.is_required())

    @classmethod
    def load(cls) -> Self:
        """The settings of this process. SettingsError with one line for each missing or invalid variable."""
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError("\n".join(_explain(error))) from None


def _explain(error: ValidationError) -> Iterable[str]:
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        name = str(problem["loc"][0]).upper() if problem["loc"] else "environment"
        if problem["type"] == "missing":
            yield f"{name} is not set: set this environment variable and start again"
        else:
            yield f"{name} is not valid: {problem['msg'].removeprefix('Value error, ')}"


S = TypeVar("S", bound=BaseEnvironment)


def load_or_exit(settings: type[S]) -> S:
    """The settings, or exit code 2 with one line for each wrong variable on standard error."""
    try:
        return settings.load()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(USAGE_ERROR) from None


class ProcessSettings(BaseEnvironment):
    """What every process is told: serving or migrating."""

    environment: Literal["dev", "prod", "local"]
    log_level: Literal["debug", "info", "warning", "error"]


class ServiceSettings(ProcessSettings):
    """What every serving process is told: where users come from and whose tokens count."""

    aws_region: Text
    cognito_user_pool_id: Text
    cognito_client_id: Text
    cognito_issuer: Url
    cognito_jwks_url: Url
    otel_exporter_otlp_endpoint: Url | None = None
    """Where spans go; nowhere when it is not set."""


class DatabaseAccess(BaseEnvironment):
    """Where the platform's Postgres is, and as whom to connect."""

    database_host: Text
    database_port: Port
    database_name: Text
    database_user: Secret
    database_password: Secret
    database_tls: Literal["disable", "require", "verify-full"]


class DatabaseSettings(DatabaseAccess):
    """Mixin of Need.DATABASE: the service's own role, and how many connections a task may hold."""

    database_pool_size: Annotated[int, Field(ge=1, le=1000)]


class SessionSettings(BaseEnvironment):
    """Mixin of Need.SESSIONS: the app client's secret, the keys of sealed refresh tokens, the app's own origin."""

    cognito_client_secret: Secret
    session_keys: Annotated[SecretStr, AfterValidator(_long_keys)]
    public_origin: Origin

    @property
    def session_key_texts(self) -> list[str]:
        """The keys: the first one seals, all of them open."""
        return self.session_keys.get_secret_value().split(",")


class MigrationSettings(ProcessSettings, DatabaseAccess):
    """What the migrate command is told: DATABASE_USER is the master here, SERVICE_DATABASE_USER the role to make."""

    service_database_user: Secret
    service_database_password: Secret


class CallerSettings(BaseEnvironment):
    """Mixin of a service that calls others; `calling` makes the class with one field for each of them."""

    def url(self, variable: str) -> str:
        """The address in the environment variable `variable`, such as DATA_URL."""
        value = getattr(self, variable.lower())
        if not isinstance(value, str):
            raise TypeError(f"{variable} does not hold an address")
        return value


def calling(variables: Iterable[str]) -> type[CallerSettings]:
    """A mixin that reads an address from each of the environment variables, such as IDENTITY_URL and DATA_URL."""
    fields: dict[str, Any] = {variable.lower(): (Url, ...) for variable in variables}
    return create_model("CallingSettings", __base__=CallerSettings, **fields)
