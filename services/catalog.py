"""The list of services: the one place where a service is added.

The stack, the image builds, the local run and the gateway's routes all read `SERVICES`. Plain data, standard
library only, so that every reader can afford to import it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

API_PREFIX = "/api/v1"

HEALTH_PATHS = ("/health", "/health/live", "/health/ready")
METRICS_PATH = "/metrics"

REVOCATIONS_PATH = "/internal/revocations"
"""Where identity lists withdrawn tokens for the other services; no route leads there from outside."""


class Need(StrEnum):
    """Something beside the user pool that a service cannot work without."""

    DATABASE = "database"
    """Its own schema and its own role in the platform's Postgres, and migrations that run before it starts."""
    SESSIONS = "sessions"
    """The app client's secret, the keys of the session cookie and the public origin: identity alone."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """A Fargate task size: `cpu` in CPU units (1024 = 1 vCPU), `memory` in MiB."""

    cpu: int
    memory: int


SMALL = Size(cpu=256, memory=512)


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service: a folder `services/<name>` with `__main__.py` and `requirements.txt`, run as its own image.

    `name` also names its host in the service network, its database schema and role, and its log group.
    `edge_paths` are load balancer path patterns routed straight to it; `api_paths` are path prefixes that the
    gateway proxies to it. `open_paths` need no token: exact paths, or everything below a prefix with `/*`.
    """

    name: str
    port: int
    size: Size = SMALL
    edge_paths: tuple[str, ...] = ()
    api_paths: tuple[str, ...] = ()
    open_paths: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    is_gateway: bool = False
    needs: frozenset[Need] = frozenset()

    @property
    def url_variable(self) -> str:
        """The environment variable that tells a caller where this service is."""
        return f"{self.name.upper().replace('-', '_')}_URL"


SERVICES: tuple[Service, ...] = (
    Service(
        name="gateway",
        port=8000,
        edge_paths=("/api/*",),
        open_paths=(f"{API_PREFIX}/openapi.json", f"{API_PREFIX}/docs", f"{API_PREFIX}/docs/*"),
        is_gateway=True,
    ),
    Service(
        name="identity",
        port=8001,
        api_paths=(f"{API_PREFIX}/auth", f"{API_PREFIX}/users"),
        open_paths=(
            f"{API_PREFIX}/auth/signup",
            f"{API_PREFIX}/auth/confirm",
            f"{API_PREFIX}/auth/resend",
            f"{API_PREFIX}/auth/login",
            f"{API_PREFIX}/auth/challenge",
            f"{API_PREFIX}/auth/refresh",
            f"{API_PREFIX}/auth/logout",
            f"{API_PREFIX}/auth/forgot",
            f"{API_PREFIX}/auth/reset",
            f"{API_PREFIX}/auth/password-policy",
            REVOCATIONS_PATH,
        ),
        calls=("data",),
        needs=frozenset({Need.DATABASE, Need.SESSIONS}),
    ),
    Service(
        name="data",
        port=8002,
        api_paths=(f"{API_PREFIX}/products",),
        calls=("identity",),
        needs=frozenset({Need.DATABASE}),
    ),
    Service(
        name="frontend",
        port=8003,
        edge_paths=("/*",),
        open_paths=("/*",),
    ),
)


def by_name(name: str) -> Service:
    """The service called `name`; KeyError with the known names if there is none."""
    for service in SERVICES:
        if service.name == name:
            return service
    known = ", ".join(service.name for service in SERVICES)
    raise KeyError(f"no service is called {name!r}; services/catalog.py has {known}")


def api_services() -> tuple[Service, ...]:
    """The services with public paths: what the gateway proxies to."""
    return tuple(service for service in SERVICES if service.api_paths)


def called_by(service: Service) -> tuple[Service, ...]:
    """The services that `service` sends requests to: those it names and, for the gateway, all with public paths."""
    proxied = [target.name for target in api_services()] if service.is_gateway else []
    return tuple(target for target in SERVICES if target.name in {*service.calls, *proxied})


def edge_routes() -> tuple[tuple[str, Service], ...]:
    """(path pattern, service) in the order in which the load balancer must try them: the longest pattern first."""
    routes = [(path, service) for service in SERVICES for path in service.edge_paths]
    return tuple(sorted(routes, key=lambda route: (-len(route[0]), route[0])))
