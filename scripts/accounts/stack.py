"""Where a stack's users are: read from its outputs, and from the task definitions that its services run by."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import boto3
from botocore.config import Config

from scripts.accounts.errors import UsersError
from scripts.local.control_plane import CREDENTIALS
from scripts.local.state import State, read_json
from scripts.secret_reference import value_of
from scripts.stack import outputs

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

SERVICE = "identity"


@dataclass(frozen=True)
class Stack:
    """A deployed stack, or the local run. `endpoints`: service of AWS -> address, "" for all others; empty in AWS."""

    outputs: dict[str, Any]
    endpoints: dict[str, str]
    database: str | None = None

    @property
    def pool_id(self) -> str:
        """The user pool's id."""
        return str(self.outputs["cognito_user_pool_id"])

    def cognito(self) -> CognitoIdentityProviderClient:
        """A client of the user pool."""
        client: CognitoIdentityProviderClient = self._client("cognito-idp")
        return client

    async def connect(self, service: str = SERVICE) -> asyncpg.Connection[asyncpg.Record]:
        """A service's own schema, as its own role. UsersError when the database cannot be reached."""
        environment, secrets = self._task(service)
        host, port = environment["DATABASE_HOST"], int(environment["DATABASE_PORT"])
        tls = environment["DATABASE_TLS"]
        if self.database:
            host, _, given = self.database.rpartition(":")
            port, tls = int(given), "disable" if tls == "disable" else "require"
        try:
            return await asyncpg.connect(
                host=host,
                port=port,
                database=environment["DATABASE_NAME"],
                user=secrets["DATABASE_USER"],
                password=secrets["DATABASE_PASSWORD"],
                ssl=_tls(tls),
                timeout=10,
                server_settings={"search_path": service},
            )
        except (OSError, TimeoutError) as error:
            raise UsersError(
                f"The database at {host}:{port} cannot be reached: {error or type(error).__name__}. A deployed stack's "
                "is private: forward a port of yours to it and name that with --database 127.0.0.1:PORT."
            ) from error

    def _client(self, service: str) -> Any:
        endpoint = self.endpoints.get(service, self.endpoints.get(""))
        local = {name.lower(): value for name, value in CREDENTIALS.items()} if self.endpoints else {}
        config = Config(retries={"mode": "standard"}, proxies={} if self.endpoints else None)
        return boto3.client(
            service,  # type: ignore[call-overload]  # the stubs want a literal
            region_name=self.outputs["region"],
            endpoint_url=endpoint,
            config=config,
            **local,
        )

    def _task(self, service: str) -> tuple[dict[str, str], dict[str, str]]:
        """What a service is told: its environment, and its secrets."""
        ecs = self._client("ecs")
        found = ecs.describe_services(
            cluster=self.outputs["cluster_name"], services=[self.outputs["service_names"][service]]
        )["services"]
        if not found:
            raise UsersError(f"The stack has no service {service}: is it up?")
        task = ecs.describe_task_definition(taskDefinition=found[0]["taskDefinition"])["taskDefinition"]
        container = task["containerDefinitions"][0]
        environment = {item["name"]: item["value"] for item in container["environment"]}
        wanted = ("DATABASE_USER", "DATABASE_PASSWORD")
        references = {item["name"]: item["valueFrom"] for item in container["secrets"] if item["name"] in wanted}
        manager = self._client("secretsmanager")
        return environment, {name: value_of(manager, reference) for name, reference in references.items()}


def local_stack(state_dir: Path | None) -> Stack:
    """The local run; UsersError if it is not up."""
    state = State(state_dir)
    found, running = read_json(state.outputs), read_json(state.run)
    if not found or not running:
        raise UsersError(f"There is no platform in {state.root}: start it with `make up`, or name a stack by --stack.")
    if "pool_of" in running:
        raise UsersError(f"The users of this platform are those of {running['pool_of']}: name that stack by --stack.")
    return Stack(found, {"": running["control_plane_url"], "cognito-idp": running["cognito_url"]})


def deployed_stack(name: str | None, outputs_file: Path | None, database: str | None) -> Stack:
    """A deployed stack, by its name or by a file of its outputs; StackError if they cannot be had."""
    return Stack(outputs(name, outputs_file), {}, database)


def _tls(mode: str) -> ssl.SSLContext | bool:
    """libpq's sslmode of the same name; the certificates to trust are in the file that PGSSLROOTCERT names."""
    if mode == "disable":
        return False
    context = ssl.create_default_context(cafile=os.environ.get("PGSSLROOTCERT"))
    if mode == "require":
        context.check_hostname = False  # through a forwarded port the name is another
    return context
