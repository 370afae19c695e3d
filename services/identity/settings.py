"""What this service is told."""

from services.shared.settings import DatabaseSettings, ServiceSettings, SessionSettings


class Settings(ServiceSettings, SessionSettings, DatabaseSettings):
    """The environment of the service."""
