"""The user pool, its client, domain and groups. They live on from run to run: each row adopts what it finds.

The emulator keeps users between runs, so that a second run must find the same pool and client again, bring them up
to date, and leave ids and the client's secret alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scripts.local.engine.rows import Creation, Row
from scripts.local.errors import LocalRunError

SERVICE = "cognito-idp"
UNCHANGEABLE = ("UsernameAttributes", "AliasAttributes", "UsernameConfiguration", "GenerateSecret")
"""Members that only the creating calls have, and that AWS could only change by making the resource anew."""


def call(creation: Creation, operation: str, **parameters: Any) -> dict[str, Any]:
    """A Cognito call."""
    return creation.call(f"{SERVICE}.{operation}", **parameters)


def refuse(member: str, found: Any, wanted: Any) -> None:
    """Say what cannot be brought up to date, and the way out."""
    raise LocalRunError(
        f"{member} of the one that is kept cannot change from {found!r} to {wanted!r}: "
        "start afresh with `make reset` (users and products are lost)"
    )


def covers(found: Any, wanted: Any) -> bool:
    """Whether what is there says all that is wanted, in whatever order, defaults beside."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(covers(found.get(name), value) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(any(covers(item, value) for item in found) for value in wanted)
    return bool(found == wanted)


def update(creation: Creation, operation: str, describe: Callable[[], dict[str, Any]], **identity: str) -> None:
    """Bring what was found up to date; LocalRunError where that takes a new one, or the emulator does not do it."""
    current = describe()
    for member in UNCHANGEABLE:
        wanted = creation.parameters.get(member)
        found: Any = "ClientSecret" in current if member == "GenerateSecret" else current.get(member)
        if (wanted or None) != (found or None):
            refuse(member, found, wanted)
    members = creation.cloud.input_shape(f"{SERVICE}.{operation}").members
    changes = {name: value for name, value in creation.parameters.items() if name in members}
    call(creation, operation, **changes, **identity)
    updated = describe()
    for name, value in changes.items():
        if name in updated and not covers(updated[name], value):
            refuse(name, updated[name], value)


def adopt_pool(creation: Creation) -> dict[str, Any] | None:
    """The pool of the same name."""
    name = creation.parameters["PoolName"]
    pools = creation.cloud.pages(f"{SERVICE}.list_user_pools", "UserPools", MaxResults=60)
    pool = next((pool["Id"] for pool in pools if pool["Name"] == name), None)
    if pool is None:
        return None

    def describe() -> dict[str, Any]:
        return dict(call(creation, "describe_user_pool", UserPoolId=pool)["UserPool"])

    update(creation, "update_user_pool", describe, UserPoolId=pool)
    return {"UserPool": describe()}


def finish_pool(creation: Creation) -> None:
    """One-time codes are a call of their own."""
    totp = creation.given.get("softwareTokenMfaConfiguration")
    if totp:
        call(
            creation,
            "set_user_pool_mfa_config",
            UserPoolId=creation.id,
            MfaConfiguration=creation.given.get("mfaConfiguration", "OFF"),
            SoftwareTokenMfaConfiguration={"Enabled": totp["enabled"]},
        )
    creation.outputs["endpoint"] = f"cognito-idp.{creation.cloud.region}.amazonaws.com/{creation.id}"


def withhold_mfa(creation: Creation) -> None:
    """AWS takes MFA only once a factor is configured: the call for that comes last and sets both."""
    if creation.inputs.get("softwareTokenMfaConfiguration"):
        creation.inputs.pop("mfaConfiguration", None)


def adopt_client(creation: Creation) -> dict[str, Any] | None:
    """The client of the same name in the pool."""
    pool, name = creation.parameters["UserPoolId"], creation.parameters["ClientName"]
    clients = creation.cloud.pages(
        f"{SERVICE}.list_user_pool_clients", "UserPoolClients", UserPoolId=pool, MaxResults=60
    )  # fmt: skip
    client = next((client["ClientId"] for client in clients if client["ClientName"] == name), None)
    if client is None:
        return None

    def describe() -> dict[str, Any]:
        return dict(call(creation, "describe_user_pool_client", UserPoolId=pool, ClientId=client)["UserPoolClient"])

    update(creation, "update_user_pool_client", describe, ClientId=client)
    return {"UserPoolClient": describe()}


def adopt_group(creation: Creation) -> dict[str, Any] | None:
    """The group of the same name in the pool, as it is: the emulator cannot change one."""
    groups = creation.cloud.pages(f"{SERVICE}.list_groups", "Groups", UserPoolId=creation.parameters["UserPoolId"])
    found = next((group for group in groups if group["GroupName"] == creation.parameters["GroupName"]), None)
    return {"Group": found} if found else None


def adopt_domain(creation: Creation) -> dict[str, Any] | None:
    """The domain, if the pool has it already."""
    domain = call(creation, "describe_user_pool_domain", Domain=creation.parameters["Domain"])
    found = domain.get("DomainDescription", {}).get("UserPoolId")
    return domain if found and found == creation.parameters["UserPoolId"] else None


ROWS = {
    "aws:cognito/userPool:UserPool": Row(
        create="cognito-idp.create_user_pool",
        id="UserPool.Id",
        outputs_from="UserPool",
        name="PoolName",
        rename={
            "name": "PoolName",
            "passwordPolicy": "Policies.PasswordPolicy",
            "signInPolicy": "Policies.SignInPolicy",
            "tags": "UserPoolTags",
        },
        elsewhere=frozenset({"softwareTokenMfaConfiguration"}),
        prepare=withhold_mfa,
        adopt=adopt_pool,
        finish=finish_pool,
    ),
    "aws:cognito/userPoolClient:UserPoolClient": Row(
        create="cognito-idp.create_user_pool_client",
        id="UserPoolClient.ClientId",
        outputs_from="UserPoolClient",
        name="ClientName",
        rename={"name": "ClientName"},
        adopt=adopt_client,
    ),
    "aws:cognito/userPoolDomain:UserPoolDomain": Row(
        create="cognito-idp.create_user_pool_domain", id="input:domain", adopt=adopt_domain
    ),
    "aws:cognito/userGroup:UserGroup": Row(
        create="cognito-idp.create_group",
        id="Group.GroupName",
        name="GroupName",
        rename={"name": "GroupName"},
        adopt=adopt_group,
    ),
}
