"""This service, put together. It answers nothing itself but the document of the whole API, so it needs no framework."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from services.catalog import API_PREFIX, REVOCATIONS_PATH, api_services, by_name
from services.gateway.document import MergedDocument
from services.gateway.hygiene import refuse_ambiguous
from services.gateway.proxy import Proxy
from services.gateway.routes import Routes
from services.gateway.settings import Settings
from services.gateway.wire import Deadlines
from services.shared.auth import RemoteKeys, Revocations, revocations_at, verifier
from services.shared.auth.revocation import INTERVAL
from services.shared.lifecycle import Application, fetching, keys_check

DOCUMENT_PATH = f"{API_PREFIX}/openapi.json"


def create(
    settings: Settings, *, revocation_interval: float = INTERVAL, deadlines: Deadlines | None = None
) -> Application:
    """The service as these settings make it. It learns of sign-outs every `revocation_interval` seconds."""
    routes = Routes(api_services(), settings)
    opened = [path for service in api_services() for path in service.open_paths if routes.find(path)]
    proxy = Proxy(routes, deadlines)
    document = MergedDocument(DOCUMENT_PATH, proxy.upstreams)
    keys = RemoteKeys(settings.cognito_jwks_url)
    identity = settings.url(by_name("identity").url_variable)
    revocations = Revocations(revocations_at(identity + REVOCATIONS_PATH), interval=revocation_interval)
    return Application(
        _either(DOCUMENT_PATH, document, proxy),
        verify=verifier(keys, settings.cognito_issuer, settings.cognito_client_id, revoked=revocations),
        open_paths=[*by_name("gateway").open_paths, *opened],
        admit=refuse_ambiguous,
        checks={"keys": keys_check(keys)},
        resources=[proxy, fetching(keys), revocations.polling()],
    )


def _either(path: str, at_path: ASGIApp, elsewhere: ASGIApp) -> ASGIApp:
    async def routes(scope: Scope, receive: Receive, send: Send) -> None:
        await (at_path if scope["path"] == path else elsewhere)(scope, receive, send)

    return routes
