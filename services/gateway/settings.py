"""What this service is told: for each service that it proxies to, where it is."""

from services.catalog import by_name, called_by
from services.shared.settings import ServiceSettings, calling

Upstreams = calling(service.url_variable for service in called_by(by_name("gateway")))


class Settings(ServiceSettings, Upstreams):  # type: ignore[valid-type, misc]  # made from the catalog
    """The environment of the service."""
