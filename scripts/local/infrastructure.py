"""The parts under the services: the emulators and the database server."""

from __future__ import annotations

import asyncio
import secrets

import asyncpg

from scripts.local import cognito, control_plane, image_registry, postgres
from scripts.local.errors import LocalRunError
from scripts.local.parts import Announce, Part
from scripts.local.ports import Ports
from scripts.local.processes import HOST
from scripts.local.registry import Registry
from scripts.local.state import State

SUPERUSER_SECRET = "postgres-superuser"  # noqa: S105 - the name of a secret
EMULATOR_GONE = (
    "Nothing that users see depends on it after the start; `make down` and `make up` bring it back with its content."
)


def control_plane_url(ports: Ports) -> str:
    """Where every AWS service but Cognito is emulated."""
    return f"http://{HOST}:{ports.control_plane}"


def cognito_url(ports: Ports) -> str:
    """Where Cognito is emulated."""
    return f"http://{HOST}:{ports.cognito}"


async def find_database(state: State, port: int) -> tuple[postgres.Server, postgres.Cluster | None]:
    """The given server, or a cluster of our own, made if there is none, and the server that it will be on `port`."""
    given = postgres.given_server()
    if given:
        return given, None
    password = state.kept_secret(SUPERUSER_SECRET)
    if password is None:
        password = secrets.token_urlsafe(24)
        state.keep_secret(SUPERUSER_SECRET, password)
    cluster = await asyncio.to_thread(postgres.Cluster.at, state.postgres, password)
    return cluster.server(port), cluster


def infrastructure(
    state: State,
    ports: Ports,
    registry: Registry,
    announce: Announce,
    database: tuple[postgres.Server, postgres.Cluster | None],
    *,
    own_pool: bool = True,
) -> list[Part]:
    """The parts, not yet started; the database server and the user pool's emulator only if they are ours."""
    server, cluster = database
    parts = [
        Part(
            "control-plane",
            control_plane.command(ports.control_plane),
            log=state.log("control-plane"),
            registry=registry,
            announce=announce,
            check=lambda: asyncio.to_thread(control_plane.is_up, control_plane_url(ports)),
            epitaph=EMULATOR_GONE,
        ),
    ]
    if own_pool:
        parts.append(
            Part(
                "cognito",
                cognito.command(ports.cognito, state.cognito),
                log=state.log("cognito"),
                registry=registry,
                announce=announce,
                check=lambda: asyncio.to_thread(cognito.is_up, cognito_url(ports)),
            )
        )
    if cluster:
        parts.append(
            Part(
                "postgres",
                cluster.command(ports.postgres),
                log=state.log("postgres"),
                registry=registry,
                announce=announce,
                check=lambda: lets_us_in(server),
            )
        )
    return parts


def image_registry_part(state: State, ports: Ports, registry: Registry, announce: Announce) -> Part:
    """Where the images of `--docker` are pushed to and pulled from, not yet started."""
    return Part(
        "image-registry",
        image_registry.command(ports.registry, state.image_registry),
        log=state.log("image-registry"),
        registry=registry,
        announce=announce,
        check=lambda: asyncio.to_thread(control_plane.is_up, f"http://{image_registry.address(ports)}"),
    )


async def lets_us_in(server: postgres.Server) -> bool:
    """Whether the database server takes our connection; LocalRunError if it will never."""
    try:
        connection = await server.connect()
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise LocalRunError(
            f"PostgreSQL does not take the password that is kept for it ({error}): start afresh with `make reset`."
        ) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close()
    return True
