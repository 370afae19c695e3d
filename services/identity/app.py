"""This service, put together."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter

from services.catalog import by_name
from services.identity import (
    account_routes,
    admin_routes,
    credential_routes,
    internal_routes,
    session_routes,
    user_routes,
)
from services.identity.attempts import Attempts
from services.identity.audit import Audit
from services.identity.challenges import Challenges
from services.identity.cognito import Cognito
from services.identity.directory import Directory
from services.identity.farewell import Farewell
from services.identity.guards import OriginCheck
from services.identity.own_account import OwnAccount
from services.identity.pool import UserPool
from services.identity.products import Products
from services.identity.recovery import Recovery
from services.identity.revocations import RevocationList
from services.identity.sealing import Sealer
from services.identity.sessions import Sessions
from services.identity.settings import Settings
from services.identity.sign_in import SignIn
from services.identity.users import Users
from services.shared.api import OPENAPI_PATH, create_api
from services.shared.auth import RemoteKeys, verifier
from services.shared.auth.revocation import INTERVAL
from services.shared.database import Database
from services.shared.database_metrics import PoolMetrics
from services.shared.lifecycle import Application, fetching, keys_check


class Parts:
    """What the routes are made of."""

    def __init__(self, settings: Settings, *, revocation_interval: float = INTERVAL, pace: float = 1.0) -> None:
        self.database = Database(settings, schema=by_name("identity").name)
        self.keys = RemoteKeys(settings.cognito_jwks_url)
        self.products = Products(settings.url(by_name("data").url_variable))
        self.cognito, sealer = Cognito(settings), Sealer(settings.session_key_texts)
        self.pool, self.account = UserPool(self.cognito), OwnAccount(self.cognito)
        self.directory = Directory(self.cognito)
        self.users = Users(self.database)
        self.revocations = RevocationList(self.database, self.directory, revocation_interval)
        self.app_name = urlsplit(settings.public_origin).hostname or settings.public_origin
        self.origin_check = OriginCheck(settings.public_origin)
        verify_id_token = verifier(
            self.keys,
            settings.cognito_issuer,
            settings.cognito_client_id,
            token_use="id",  # noqa: S106 (a name)
        )
        self.sessions = Sessions(sealer)
        self.attempts = Attempts(Audit(settings.session_key_texts[0]), pace=pace)
        self.sign_in = SignIn(
            pool=self.pool,
            directory=self.directory,
            users=self.users,
            sessions=self.sessions,
            challenges=Challenges(sealer),
            verify_id_token=verify_id_token,
            attempts=self.attempts,
            app_name=self.app_name,
        )

    def routers(self) -> list[APIRouter]:
        """Everything that is answered here. A path with a parameter comes after those that it would also match."""
        finder = user_routes.Finder(self.directory, self.users)
        recovery = Recovery(self.directory, self.revocations)
        farewell = Farewell(self.pool, self.account, self.products, self.database, self.revocations)
        return [
            account_routes.router(
                pool=self.pool,
                directory=self.directory,
                recovery=recovery,
                sessions=self.sessions,
                attempts=self.attempts,
                origin_check=self.origin_check,
            ),
            session_routes.router(self.sign_in, self.revocations, self.origin_check),
            credential_routes.router(self.account, self.directory, self.users, self.attempts, self.app_name),
            user_routes.router(finder, self.account, self.users, farewell, self.attempts),
            admin_routes.router(self.directory, self.users, finder, self.revocations, self.attempts.audit),
            internal_routes.router(self.revocations),
        ]


def create(settings: Settings, *, revocation_interval: float = INTERVAL, pace: float = 1.0) -> Application:
    """The service as these settings make it. It learns of other processes' sign-outs every `revocation_interval`
    seconds; `pace` is that of `Attempts`."""
    return assemble(Parts(settings, revocation_interval=revocation_interval, pace=pace), settings)


def assemble(parts: Parts, settings: Settings) -> Application:
    """The service made of these parts."""
    open_paths = (*by_name("identity").open_paths, OPENAPI_PATH)
    application = Application(
        create_api(title="Identity", routers=parts.routers(), open_paths=open_paths),
        verify=verifier(
            parts.keys, settings.cognito_issuer, settings.cognito_client_id, revoked=parts.revocations.in_force
        ),
        open_paths=open_paths,
        checks={
            "database": parts.database.check,
            "keys": keys_check(parts.keys),
            "user_pool": parts.directory.check,
        },
        resources=[parts.database, parts.products, fetching(parts.keys), parts.revocations.in_force.polling()],
    )
    application.context.metrics.registry.register(PoolMetrics(parts.database))
    return application
