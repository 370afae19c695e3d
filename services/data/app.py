"""This service, put together."""

from __future__ import annotations

from services.catalog import REVOCATIONS_PATH, by_name
from services.data.products import Products
from services.data.routes import routers
from services.data.settings import Settings
from services.shared.api import OPENAPI_PATH, create_api
from services.shared.auth import RemoteKeys, Revocations, revocations_at, verifier
from services.shared.auth.revocation import INTERVAL
from services.shared.database import Database
from services.shared.database_metrics import PoolMetrics
from services.shared.lifecycle import Application, fetching, keys_check


def create(settings: Settings, *, revocation_interval: float = INTERVAL) -> Application:
    """The service as these settings make it. It learns of sign-outs every `revocation_interval` seconds."""
    service = by_name("data")
    open_paths = (*service.open_paths, OPENAPI_PATH)
    database = Database(settings, schema=service.name)
    keys = RemoteKeys(settings.cognito_jwks_url)
    identity = settings.url(by_name("identity").url_variable)
    revocations = Revocations(revocations_at(identity + REVOCATIONS_PATH), interval=revocation_interval)
    application = Application(
        create_api(title="Products", routers=routers(Products(database)), open_paths=open_paths),
        verify=verifier(keys, settings.cognito_issuer, settings.cognito_client_id, revoked=revocations),
        open_paths=open_paths,
        checks={"database": database.check, "keys": keys_check(keys)},
        resources=[database, fetching(keys), revocations.polling()],
    )
    application.context.metrics.registry.register(PoolMetrics(database))
    return application
