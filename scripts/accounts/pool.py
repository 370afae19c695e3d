"""Users at the pool, which is the authority on who there is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from scripts.accounts.errors import UsersError
from scripts.accounts.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

ADMINISTRATORS = "admin"
NOT_YET_CONFIRMED = frozenset({"UNCONFIRMED", "FORCE_CHANGE_PASSWORD"})
PAGE = 60


@dataclass(frozen=True)
class Account:
    """A user. `status` is Cognito's own word; `confirmed`: they have been let in, or could be."""

    id: str
    email: str
    name: str
    status: str
    enabled: bool
    created_at: datetime
    groups: tuple[str, ...] = field(default=())

    @property
    def confirmed(self) -> bool:
        """Whether they have shown that the address is theirs and have a password of their own."""
        return self.status not in NOT_YET_CONFIRMED


class Pool:
    """The user pool of one stack."""

    def __init__(self, stack: Stack) -> None:
        self._id = stack.pool_id
        self._client: CognitoIdentityProviderClient = stack.cognito()

    def accounts(self) -> list[Account]:
        """All users with their groups, newest first."""
        groups = self._groups()
        found = [_account(user, user["Attributes"], groups) for user in self._users()]
        return sorted(found, key=lambda account: account.created_at, reverse=True)

    def find(self, who: str) -> Account:
        """The user of this email address or id; UsersError if there is none."""
        try:
            user = self._client.admin_get_user(UserPoolId=self._id, Username=who)
        except ClientError as error:
            if error.response["Error"]["Code"] == "UserNotFoundException":
                raise UsersError(f"The pool has no user {who}.") from error
            raise
        groups = self._client.admin_list_groups_for_user(UserPoolId=self._id, Username=who, Limit=PAGE)["Groups"]
        account = _account(user, user["UserAttributes"], {})
        return Account(**{**vars(account), "groups": tuple(sorted(group["GroupName"] for group in groups))})

    def exists(self, user_id: str) -> bool:
        """Whether there is a user of this id now."""
        try:
            return self.find(user_id).id == user_id
        except UsersError:
            return False

    def create_administrator(self, email: str, name: str, password: str | None) -> Account:
        """Make a user, or take the one there is, and put them into the group of administrators. With a `password`,
        which is good for the first sign-in only, no mail is sent; without, Cognito mails one of its own making."""
        attributes = {"email": email, "email_verified": "true", "name": name}
        parameters: dict[str, Any] = {
            "UserPoolId": self._id,
            "Username": email,
            "UserAttributes": [{"Name": key, "Value": value} for key, value in attributes.items()],
            "DesiredDeliveryMediums": ["EMAIL"],
        }
        if password is not None:
            parameters |= {"TemporaryPassword": password, "MessageAction": "SUPPRESS"}
        try:
            self._client.admin_create_user(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] != "UsernameExistsException":
                raise UsersError(f"The pool refuses: {error.response['Error']['Message']}") from error
        account = self.find(email)
        self._client.admin_add_user_to_group(UserPoolId=self._id, Username=account.id, GroupName=ADMINISTRATORS)
        return self.find(account.id)

    def disable(self, account: Account) -> None:
        """Sign the user out everywhere and let them in no more."""
        self._client.admin_disable_user(UserPoolId=self._id, Username=account.id)
        self._client.admin_user_global_sign_out(UserPoolId=self._id, Username=account.id)

    def enable(self, account: Account) -> None:
        """Let the user in again."""
        self._client.admin_enable_user(UserPoolId=self._id, Username=account.id)

    def access_token_minutes(self, client_id: str) -> int:
        """How long an access token lives."""
        client = self._client.describe_user_pool_client(UserPoolId=self._id, ClientId=client_id)["UserPoolClient"]
        unit = client.get("TokenValidityUnits", {}).get("AccessToken", "hours")
        factor = {"seconds": 1 / 60, "minutes": 1, "hours": 60, "days": 24 * 60}[unit]
        return round(client.get("AccessTokenValidity", 1) * factor)

    def _users(self) -> list[Any]:
        pages = self._client.get_paginator("list_users").paginate(UserPoolId=self._id)
        return [user for page in pages for user in page["Users"]]

    def _groups(self) -> dict[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for page in self._client.get_paginator("list_groups").paginate(UserPoolId=self._id):
            for group in page["Groups"]:
                name = group["GroupName"]
                members = self._client.get_paginator("list_users_in_group")
                for listed in members.paginate(UserPoolId=self._id, GroupName=name):
                    for user in listed["Users"]:
                        found[user["Username"]].append(name)
        return found


def _account(user: Any, attributes: list[Any], groups: dict[str, list[str]]) -> Account:
    given = {item["Name"]: item.get("Value", "") for item in attributes}
    return Account(
        id=given["sub"],
        email=given.get("email", ""),
        name=given.get("name", ""),
        status=user["UserStatus"],
        enabled=user["Enabled"],
        created_at=user["UserCreateDate"],
        groups=tuple(sorted(groups.get(user["Username"], ()))),
    )
