"""This service, put together."""

from __future__ import annotations

from services.catalog import by_name
from services.identity import account_routes, session_routes, user_routes
from services.identity.guards import OriginCheck
from services.identity.pool import UserPool
from services.identity.sealing import Sealer
from services.identity.sessions import Sessions
from services.identity.settings import Settings
from services.identity.users import Users
from services.shared.api import OPENAPI_PATH, create_api
from services.shared.auth import RemoteKeys, verifier
from services.shared.database import Database
from services.shared.lifecycle import Application, fetching, keys_check


def create(settings: Settings) -> Application:
    """The service as these settings make it."""
    service = by_name("identity")
    open_paths = (*service.open_paths, OPENAPI_PATH)
    database = Database(settings, schema=service.name)
    keys = RemoteKeys(settings.cognito_jwks_url)
    pool, users = UserPool(settings), Users(database)
    sessions = Sessions(Sealer(settings.session_key_texts))
    origin_check = OriginCheck(settings.public_origin)
    verify_id_token = verifier(keys, settings.cognito_issuer, settings.cognito_client_id, token_use="id")  # noqa: S106
    sign_in = session_routes.SignIn(pool, users, sessions, verify_id_token)
    routers = [
        account_routes.router(pool, sessions, origin_check),
        session_routes.router(sign_in, origin_check),
        user_routes.router(pool, users),
    ]
    return Application(
        create_api(title="Identity", routers=routers, open_paths=open_paths),
        verify=verifier(keys, settings.cognito_issuer, settings.cognito_client_id),
        open_paths=open_paths,
        checks={"database": database.check, "keys": keys_check(keys), "user_pool": pool.check},
        resources=[database, fetching(keys)],
    )
