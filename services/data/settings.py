"""What this service is told."""

from services.shared.settings import DatabaseSettings, ServiceSettings


class Settings(ServiceSettings, DatabaseSettings):
    """The environment of the service."""
