"""A deployed stack's user pool, asked with the caller's own AWS credentials: what only AWS can tell about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from scripts.local.deployed_pool import DeployedPool, callers_environment
from scripts.local.errors import LocalRunError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

FLOW = "ALLOW_USER_PASSWORD_AUTH"
BY_CODE = {"code", "implicit"}
UNABLE_TO_SIGN = (
    NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, ProfileNotFound, TokenRetrievalError,
    UnauthorizedSSOTokenError,
)  # fmt: skip
REFUSED = {"AccessDeniedException", "NotAuthorizedException"}
INVALID = {
    "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException", "ExpiredToken",
    "InvalidSignatureException", "IncompleteSignatureException",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PoolAccess:
    """The pool as the program's run finds it there. The client's secret stays in this process and in its service's."""

    pool: DeployedPool
    arn: str
    client_secret: str = field(repr=False)


def read_pool(pool: DeployedPool, origin: str) -> PoolAccess:
    """Ask for the pool and its app client. `origin`: where the local platform answers.

    LocalRunError for credentials that are missing or do not suffice, for a pool that is not there, and for a client
    that the platform cannot sign users in with.
    """
    try:
        # A pool of one stack is in one region, whatever the caller's profile says.
        client: CognitoIdentityProviderClient = boto3.Session().client(
            "cognito-idp", region_name=pool.region, config=Config(retries={"mode": "standard"}, connect_timeout=5)
        )
        described = client.describe_user_pool(UserPoolId=pool.pool_id)["UserPool"]
        app = client.describe_user_pool_client(UserPoolId=pool.pool_id, ClientId=pool.client_id)["UserPoolClient"]
    except UNABLE_TO_SIGN as error:
        raise LocalRunError(
            f"The app client's secret of {pool.stack} is asked for with your AWS credentials, and there are none that "
            f"work ({error}): sign in with `aws sso login`, or set AWS_PROFILE, and try again."
        ) from error
    except EndpointConnectionError as error:
        raise LocalRunError(f"Cognito in {pool.region} cannot be reached: {error}") from error
    except ClientError as error:
        raise LocalRunError(_refusal(pool, error)) from error
    except BotoCoreError as error:
        raise LocalRunError(f"The user pool of {pool.stack} cannot be asked: {error}") from error
    problem = _problem(app, origin)
    if problem:
        raise LocalRunError(f"The app client {pool.client_id} of {pool.stack} {problem}")
    return PoolAccess(pool=pool, arn=described["Arn"], client_secret=app["ClientSecret"])


def _refusal(pool: DeployedPool, error: ClientError) -> str:
    code, said = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    if code == "ResourceNotFoundException":
        return (
            f"There is no user pool {pool.pool_id} with the app client {pool.client_id} in {pool.region} for your AWS "
            f"credentials ({said}): are they of the account that {pool.stack} is deployed to, and its outputs new?"
        )
    if code in INVALID:
        return f"AWS does not take your credentials ({said}): sign in anew, for example with `aws sso login`."
    if code in REFUSED:
        return (
            f"Your AWS credentials do not suffice ({said}): they need cognito-idp:DescribeUserPool and "
            f"cognito-idp:DescribeUserPoolClient of {pool.pool_id}."
        )
    return f"The user pool of {pool.stack} cannot be read: {code}: {said}"


def _problem(app: Mapping[str, Any], origin: str) -> str:
    """What is wrong with the app client, as the end of a sentence; "" if nothing is."""
    if not app.get("ClientSecret"):
        return "has no secret, and the identity service signs in with one: is it the stack's own client?"
    if FLOW not in app.get("ExplicitAuthFlows", []):
        return f"does not allow {FLOW}, by which the identity service signs users in: deploy the stack anew."
    redirects = app.get("AllowedOAuthFlowsUserPoolClient") and BY_CODE & set(app.get("AllowedOAuthFlows", []))
    callbacks: list[str] = app.get("CallbackURLs") or []
    if redirects and not any(url == origin or url.startswith(f"{origin}/") for url in callbacks):
        return (
            f"sends users back to {', '.join(callbacks) or 'nowhere'} after signing in, and not to {origin}: add that "
            "to its callback URLs, or choose the port of one of them with --port."
        )
    return ""


def services_environment(*, frozen: bool) -> dict[str, str]:
    """The caller's leave for the service that talks to the pool, where ECS would give it a role of its own.

    A process finds credentials as the caller does, and renews them. `frozen`: the credentials of this moment, for a
    container, which has nothing of the caller's home.
    """
    environment = callers_environment()
    if not frozen:
        return environment
    found = boto3.Session().get_credentials()
    if found is None:
        return environment
    now = found.get_frozen_credentials()
    given = {
        "AWS_ACCESS_KEY_ID": now.access_key or "",
        "AWS_SECRET_ACCESS_KEY": now.secret_key or "",
        **({"AWS_SESSION_TOKEN": now.token} if now.token else {}),
    }
    of_files = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
    return {name: value for name, value in environment.items() if name not in of_files} | given
