"""The servers that other tests build on are real: they refuse what the real ones refuse."""

from __future__ import annotations

import asyncpg
import pytest

from scripts.local.postgres import Server
from tests.support.cognito import CognitoServer, UserPool
from tests.support.postgres import Database, fresh_database

PASSWORD = "Correct-Horse-9"


@pytest.fixture(scope="module")
def pool(cognito_server: CognitoServer) -> UserPool:
    return cognito_server.create_pool()


async def test_a_fresh_database_is_empty_and_takes_statements(database: Database) -> None:
    connection = await asyncpg.connect(database.url)
    try:
        tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert tables == 0
        assert await connection.fetchval("SELECT lower('ÄÖÜ')") == "äöü"
    finally:
        await connection.close()


def test_a_dropped_database_is_gone(postgres_server: Server) -> None:
    import asyncio

    with fresh_database(postgres_server) as fresh:
        url = fresh.url
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        asyncio.run(asyncpg.connect(url))


async def test_the_database_server_refuses_a_wrong_password(postgres_server: Server) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(
            host=postgres_server.host, port=postgres_server.port, user=postgres_server.user, password="wrong"
        )


def test_a_user_signs_up_with_the_mailed_code_and_signs_in(cognito_server: CognitoServer, pool: UserPool) -> None:
    client, email = cognito_server.client(), "ann@example.org"
    client.sign_up(
        ClientId=pool.client_id, SecretHash=pool.secret_hash(email), Username=email, Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": email}],
    )  # fmt: skip
    [code] = cognito_server.sent_codes(email)
    client.confirm_sign_up(
        ClientId=pool.client_id, SecretHash=pool.secret_hash(email), Username=email, ConfirmationCode=code
    )
    answer = client.initiate_auth(
        ClientId=pool.client_id, AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD, "SECRET_HASH": pool.secret_hash(email)},
    )  # fmt: skip
    assert answer["AuthenticationResult"]["ExpiresIn"] == 600


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"PASSWORD": "Wrong-Horse-99"}, "NotAuthorizedException"),
        ({"SECRET_HASH": "bm90IHRoZSBoYXNo"}, "NotAuthorizedException"),
        ({"USERNAME": "nobody@example.org"}, "NotAuthorizedException"),
    ],
)
def test_a_sign_in_with_a_wrong_part_is_refused(
    cognito_server: CognitoServer, pool: UserPool, parameters: dict[str, str], error: str
) -> None:
    email = f"{error.lower()}{len(str(parameters))}@example.org"
    client = cognito_server.client()
    client.admin_create_user(UserPoolId=pool.id, Username=email, UserAttributes=[{"Name": "email", "Value": email}])
    client.admin_set_user_password(UserPoolId=pool.id, Username=email, Password=PASSWORD, Permanent=True)
    right = {"USERNAME": email, "PASSWORD": PASSWORD, "SECRET_HASH": pool.secret_hash(email)}
    username = parameters.get("USERNAME", email)
    wrong = {**right, "SECRET_HASH": pool.secret_hash(username), **parameters}
    with pytest.raises(client.exceptions.ClientError, match=error):
        client.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=wrong)


def test_a_weak_password_is_refused(cognito_server: CognitoServer, pool: UserPool) -> None:
    client, email = cognito_server.client(), "weak@example.org"
    with pytest.raises(client.exceptions.InvalidPasswordException):
        client.sign_up(
            ClientId=pool.client_id, SecretHash=pool.secret_hash(email), Username=email, Password="weak-password",
            UserAttributes=[{"Name": "email", "Value": email}],
        )  # fmt: skip
