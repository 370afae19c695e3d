"""Which service answers a path: the one with the longest of the catalog's path prefixes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from services.catalog import Service
from services.shared.settings import CallerSettings


@dataclass(frozen=True)
class Route:
    """Requests for `prefix`, and for all below it, go to the service `name` at `url`."""

    prefix: str
    name: str
    url: str

    @cached_property
    def template(self) -> str:
        """What metrics call the route; the service itself counts its own paths one by one."""
        return f"{self.prefix}/*"

    def leads(self, path: str) -> bool:
        """Whether the path is the prefix or lies below it: /products leads /products/1, not /products-and-more."""
        return path.startswith(self.prefix) and path[len(self.prefix) :][:1] in ("", "/")


class Routes:
    """The routes of several services."""

    def __init__(self, services: Iterable[Service], settings: CallerSettings) -> None:
        routes = [
            Route(prefix, service.name, settings.url(service.url_variable))
            for service in services
            for prefix in service.api_paths
        ]
        self._longest_first = sorted(routes, key=lambda route: -len(route.prefix))

    def find(self, path: str) -> Route | None:
        """The route of the path, which is as it came: still percent-encoded."""
        for route in self._longest_first:
            if route.leads(path):
                return route
        return None

    def services(self) -> dict[str, str]:
        """The address of each service, by its name."""
        return {route.name: route.url for route in sorted(self._longest_first, key=lambda route: route.name)}
