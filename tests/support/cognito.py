"""A real sign-in for tests: the Cognito emulator that the local run uses, with AUTH on."""

from __future__ import annotations

import base64
import hmac
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from scripts.local import cognito
from scripts.local.processes import HOST, free_ports, last_lines, running

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

REGION = "eu-central-1"


@dataclass(frozen=True)
class UserPool:
    """A user pool with one confidential client and the group `admin`."""

    endpoint: str
    region: str
    id: str
    client_id: str
    client_secret: str

    def secret_hash(self, username: str) -> str:
        """The SECRET_HASH that this client must send with `username`."""
        message = (username + self.client_id).encode()
        return base64.b64encode(hmac.digest(self.client_secret.encode(), message, "sha256")).decode()

    @property
    def issuer(self) -> str:
        """The `iss` of its tokens (it names AWS, though the keys are local)."""
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.id}"

    @property
    def jwks_url(self) -> str:
        """Where the keys that verify its tokens are."""
        return f"{self.endpoint}/{self.id}/.well-known/jwks.json"


@dataclass(frozen=True)
class CognitoServer:
    """The running emulator."""

    url: str

    def client(self) -> CognitoIdentityProviderClient:
        """A boto3 client for it."""
        return boto3.client(
            "cognito-idp",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, proxies={}),
        )

    def create_pool(self) -> UserPool:
        """A new pool and client with the settings that the stack gives them in production."""
        client = self.client()
        pool = client.create_user_pool(
            PoolName=f"test-{uuid.uuid4().hex[:8]}",
            UsernameAttributes=["email"],
            AutoVerifiedAttributes=["email"],
            UsernameConfiguration={"CaseSensitive": False},
            MfaConfiguration="OFF",
            Policies={
                "PasswordPolicy": {
                    "MinimumLength": 12,
                    "RequireLowercase": True,
                    "RequireUppercase": True,
                    "RequireNumbers": True,
                    "RequireSymbols": True,
                    "TemporaryPasswordValidityDays": 3,
                }
            },
            AccountRecoverySetting={"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
        )["UserPool"]["Id"]
        client.set_user_pool_mfa_config(
            UserPoolId=pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="OPTIONAL"
        )
        app = client.create_user_pool_client(
            UserPoolId=pool,
            ClientName="test",
            GenerateSecret=True,
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
            RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 60},
            AuthSessionValidity=10,
            AccessTokenValidity=10,
            IdTokenValidity=10,
            RefreshTokenValidity=30,
            TokenValidityUnits={"AccessToken": "minutes", "IdToken": "minutes", "RefreshToken": "days"},
            PreventUserExistenceErrors="ENABLED",
            EnableTokenRevocation=True,
        )["UserPoolClient"]
        client.create_group(UserPoolId=pool, GroupName="admin")
        return UserPool(self.url, REGION, pool, app["ClientId"], app["ClientSecret"])

    def sent_mails(self, email: str) -> list[cognito.Mail]:
        """The mails sent to the address, oldest first."""
        return [mail for mail in cognito.mails(self.url) if mail.to.lower() == email.lower()]

    def sent_codes(self, email: str) -> list[str]:
        """The codes mailed to the address, oldest first."""
        return [mail.code for mail in self.sent_mails(email) if mail.code]


@pytest.fixture(scope="session")
def cognito_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CognitoServer]:
    """The emulator, the same for all tests of this process: each makes a pool of its own (`create_pool`)."""
    folder = tmp_path_factory.mktemp("cognito")
    port = free_ports(1)[0]
    log = folder / "cognito.log"
    with running(cognito.command(port, folder / "state"), log):
        url = f"http://{HOST}:{port}"
        try:
            cognito.wait(url)
        except Exception as error:
            error.add_note("\n".join(last_lines(log)))
            raise
        yield CognitoServer(url)
