"""What this service is told."""

from services.catalog import by_name, called_by
from services.shared.settings import DatabaseSettings, ServiceSettings, SessionSettings, calling

Callees = calling(service.url_variable for service in called_by(by_name("identity")))


class Settings(ServiceSettings, SessionSettings, DatabaseSettings, Callees):  # type: ignore[valid-type, misc]  # made from the catalog
    """The environment of the service."""
