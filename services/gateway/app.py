"""This service, put together. It answers nothing itself but the document of the whole API, so it needs no framework."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from services.catalog import API_PREFIX, REVOCATIONS_PATH, api_services, by_name
from services.gateway.cors import Cors
from services.gateway.docs_page import DocsPage
from services.gateway.document import MergedDocument
from services.gateway.express import Express
from services.gateway.hygiene import refuse_ambiguous
from services.gateway.limits import RateLimits
from services.gateway.measures import Measures
from services.gateway.proxy import Proxy
from services.gateway.routes import Routes
from services.gateway.settings import Settings
from services.gateway.wire import Deadlines
from services.shared.auth import RemoteKeys, Revocations, revocations_at, verifier
from services.shared.auth.revocation import INTERVAL
from services.shared.lifecycle import Application, fetching, keys_check

DOCUMENT_PATH = f"{API_PREFIX}/openapi.json"
DOCS_PATH = f"{API_PREFIX}/docs"


def create(
    settings: Settings, *, revocation_interval: float = INTERVAL, deadlines: Deadlines | None = None
) -> Application:
    """The service as these settings make it. It learns of sign-outs every `revocation_interval` seconds."""
    routes = Routes(api_services(), settings)
    opened = [path for service in api_services() for path in service.open_paths if routes.find(path)]
    proxy = Proxy(routes, deadlines)
    limits = RateLimits(per_user=settings.rate_limit_user, per_address=settings.rate_limit_address)
    keys = RemoteKeys(settings.cognito_jwks_url)
    identity = settings.url(by_name("identity").url_variable)
    revocations = Revocations(revocations_at(identity + REVOCATIONS_PATH), interval=revocation_interval)
    verify = verifier(keys, settings.cognito_issuer, settings.cognito_client_id, revoked=revocations)
    open_paths = [*by_name("gateway").open_paths, *opened]
    admission = _Admission(Cors(settings.allowed_origins), limits)
    application = Application(
        _Api(proxy, limits),
        verify=verify,
        open_paths=open_paths,
        admit=admission,
        checks={"keys": keys_check(keys)},
        resources=[proxy, fetching(keys), revocations.polling()],
    )
    application.express = Express(
        routes,
        proxy,
        context=application.context,
        limits=limits,
        open_paths=open_paths,
        known=verify.known,
        admit=admission,
    )
    measures = Measures(proxy.upstreams.values(), (limits.user, limits.address))
    application.context.metrics.registry.register(measures)
    return application


class _Admission:
    """What every request passes before its token is looked at."""

    def __init__(self, cors: Cors, limits: RateLimits) -> None:
        self._cors, self._limits = cors, limits

    def __call__(self, scope: Scope) -> ASGIApp | None:
        refuse_ambiguous(scope)
        instead = self._cors.admit(scope)
        self._limits.admit_address(scope)
        return instead


class _Api:
    """What it leads to."""

    def __init__(self, proxy: Proxy, limits: RateLimits) -> None:
        self._proxy, self._limits = proxy, limits
        self._own: dict[str, ASGIApp] = {DOCUMENT_PATH: MergedDocument(DOCUMENT_PATH, proxy.upstreams)}
        self._docs = DocsPage(DOCS_PATH)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._limits.admit_user(scope)
        path = scope["path"]
        own = self._docs if path.startswith(DOCS_PATH) else self._own.get(path)
        await (own or self._proxy)(scope, receive, send)
