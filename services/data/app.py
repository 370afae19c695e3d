"""This service, put together."""

from __future__ import annotations

from services.catalog import by_name
from services.data.products import Products
from services.data.routes import router
from services.data.settings import Settings
from services.shared.api import OPENAPI_PATH, create_api
from services.shared.auth import RemoteKeys, verifier
from services.shared.database import Database
from services.shared.lifecycle import Application, fetching, keys_check


def create(settings: Settings) -> Application:
    """The service as these settings make it."""
    service = by_name("data")
    open_paths = (*service.open_paths, OPENAPI_PATH)
    database = Database(settings, schema=service.name)
    keys = RemoteKeys(settings.cognito_jwks_url)
    return Application(
        create_api(title="Products", routers=[router(Products(database))], open_paths=open_paths),
        verify=verifier(keys, settings.cognito_issuer, settings.cognito_client_id),
        open_paths=open_paths,
        checks={"database": database.check, "keys": keys_check(keys)},
        resources=[database, fetching(keys)],
    )
