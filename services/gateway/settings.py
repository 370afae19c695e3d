"""What this service is told: where the services behind it are, and what it allows."""

from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter

from services.catalog import by_name, called_by
from services.shared.settings import Origin, ServiceSettings, Text, calling

Upstreams = calling(service.url_variable for service in called_by(by_name("gateway")))

NO_ORIGINS = "none"
PerMinute = Annotated[int, Field(ge=1)]

_as_origin = TypeAdapter(Origin).validate_python


def _listed(value: str) -> list[str]:
    return [] if value == NO_ORIGINS else [_as_origin(text) for text in value.split(",")]


def _origins(value: str) -> str:
    _listed(value)
    return value


class Settings(ServiceSettings, Upstreams):  # type: ignore[valid-type, misc]  # made from the catalog
    """The environment of the service. Limits are requests a minute; `cors_origins` is `none`, or origins separated by
    commas."""

    rate_limit_user: PerMinute
    rate_limit_address: PerMinute
    cors_origins: Annotated[Text, AfterValidator(_origins)]

    @property
    def allowed_origins(self) -> list[str]:
        """The other sites whose pages may call the API."""
        return _listed(self.cors_origins)
