"""This service, put together. It answers nothing itself but the document of the whole API, so it needs no framework."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from services.catalog import API_PREFIX, api_services, by_name
from services.gateway.document import MergedDocument
from services.gateway.proxy import Proxy
from services.gateway.routes import Routes
from services.gateway.settings import Settings
from services.shared.auth import RemoteKeys, verifier
from services.shared.lifecycle import Application, fetching, keys_check

DOCUMENT_PATH = f"{API_PREFIX}/openapi.json"


def create(settings: Settings) -> Application:
    """The service as these settings make it."""
    routes = Routes(api_services(), settings)
    opened = [path for service in api_services() for path in service.open_paths if routes.find(path)]
    proxy = Proxy(routes)
    document = MergedDocument(DOCUMENT_PATH, routes, lambda: proxy.session)
    keys = RemoteKeys(settings.cognito_jwks_url)
    return Application(
        _either(DOCUMENT_PATH, document, proxy),
        verify=verifier(keys, settings.cognito_issuer, settings.cognito_client_id),
        open_paths=[*by_name("gateway").open_paths, *opened],
        checks={"keys": keys_check(keys)},
        resources=[proxy, fetching(keys)],
    )


def _either(path: str, at_path: ASGIApp, elsewhere: ASGIApp) -> ASGIApp:
    async def routes(scope: Scope, receive: Receive, send: Send) -> None:
        await (at_path if scope["path"] == path else elsewhere)(scope, receive, send)

    return routes
