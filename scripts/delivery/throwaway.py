"""A user for one test: made through Cognito's admin API, so that no mail is sent, and gone afterwards."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-!%+")
_LENGTH = 32


@dataclass(frozen=True)
class Throwaway:
    """A user of the pool. `email` is of a domain that nobody has (RFC 2606)."""

    email: str
    password: str

    @classmethod
    def new(cls) -> Throwaway:
        """Somebody who does not exist yet."""
        letters = [secrets.choice(kind) for kind in _KINDS]
        letters += [secrets.choice(string.ascii_letters + string.digits) for _ in range(_LENGTH - len(_KINDS))]
        return cls(f"smoke-{secrets.token_hex(8)}@example.com", "".join(letters))


class Pool:
    """The user pool of a stack, as far as a throw-away user goes."""

    def __init__(self, client: CognitoIdentityProviderClient, pool_id: str) -> None:
        self._client = client
        self._id = pool_id

    def create(self, user: Throwaway) -> None:
        """Make the user, who may sign in at once and is mailed nothing."""
        attributes = {"email": user.email, "email_verified": "true", "name": "Smoke test"}
        self._client.admin_create_user(
            UserPoolId=self._id,
            Username=user.email,
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
            TemporaryPassword=user.password,
            MessageAction="SUPPRESS",
        )
        self._client.admin_set_user_password(
            UserPoolId=self._id, Username=user.email, Password=user.password, Permanent=True
        )

    def delete(self, user: Throwaway) -> bool:
        """Delete the user; whether there was one."""
        try:
            self._client.admin_delete_user(UserPoolId=self._id, Username=user.email)
        except ClientError as error:
            if error.response["Error"]["Code"] == "UserNotFoundException":
                return False
            raise
        return True
