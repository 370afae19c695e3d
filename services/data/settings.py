"""What this service is told."""

from services.catalog import by_name, called_by
from services.shared.settings import DatabaseSettings, ServiceSettings, calling

Callees = calling(service.url_variable for service in called_by(by_name("data")))


class Settings(ServiceSettings, DatabaseSettings, Callees):  # type: ignore[valid-type, misc]  # made from the catalog
    """The environment of the service."""
