"""Rules about who may do what, and about who users are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policy.rule import Inputs, listed, principals, rule, statements

POLICY = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy")
ROLE = "aws:iam/role:Role"
POOL = "aws:cognito/userPool:UserPool"
CLIENT = "aws:cognito/userPoolClient:UserPoolClient"

ON_EVERYTHING = {
    "secretsmanager:GetRandomPassword": "IAM knows no resource for it (service authorization reference)",
    "ecr:GetAuthorizationToken": "IAM knows no resource for it (service authorization reference, ECR)",
}
"""Actions that may be allowed on every resource, each with its reason."""


def _allowed(inputs: Inputs) -> Iterator[tuple[str, str, dict[str, Any]]]:
    if str(inputs.get("name")).endswith("-boundary"):
        return  # a permission boundary gives nothing: it is what others' permissions are cut to
    for statement in statements(inputs.get("policy")):
        if statement.get("Effect") == "Allow":
            for action in listed(statement.get("Action")):
                for resource in listed(statement.get("Resource")):
                    yield action, resource, statement


@rule(*POLICY)
def actions_are_named(inputs: Inputs) -> Iterator[str]:
    """A policy allows actions by name; a wildcard only where a condition or the resource says what it is limited to."""
    for action, resource, statement in _allowed(inputs):
        service, _, operation = action.partition(":")
        if operation in ("", "*") and (resource == "*" or service == "*") and "Condition" not in statement:
            yield f"{action} is allowed on {resource}"


@rule(*POLICY)
def resources_are_named(inputs: Inputs) -> Iterator[str]:
    """A policy allows actions on resources by name, except actions that IAM knows no resource for."""
    for action, resource, statement in _allowed(inputs):
        if resource == "*" and action not in ON_EVERYTHING and "Condition" not in statement:
            yield f"{action} is allowed on everything"


@rule(*POLICY)
def allowances_say_what_they_allow(inputs: Inputs) -> Iterator[str]:
    """A statement that allows says what, not what not."""
    for statement in statements(inputs.get("policy")):
        if statement.get("Effect") == "Allow" and {"NotAction", "NotResource", "NotPrincipal"} & statement.keys():
            yield "a statement allows everything but something"


@rule(ROLE)
def roles_are_trusted_to_somebody(inputs: Inputs) -> Iterator[str]:
    """A role names who may take it on, and under which condition."""
    for statement in statements(inputs.get("assumeRolePolicy")):
        named = principals(statement)
        if "*" in named:
            yield "everybody may take the role on"
        elif "Condition" not in statement:
            yield f"{', '.join(map(str, named))} may take the role on for anybody: add a condition"


@rule(ROLE)
def roles_have_no_managed_policies(inputs: Inputs) -> Iterator[str]:
    """A role's permissions are written here, not in a policy that AWS may widen."""
    if inputs.get("managedPolicyArns"):
        yield f"managedPolicyArns: {inputs['managedPolicyArns']}"


@rule("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
def nobody_is_an_administrator(inputs: Inputs) -> Iterator[str]:
    """No attached policy gives everything away."""
    if str(inputs.get("policyArn")).endswith(("/AdministratorAccess", "/PowerUserAccess", "/IAMFullAccess")):
        yield f"{inputs['policyArn']} is attached"


@rule("aws:iam/user:User", "aws:iam/accessKey:AccessKey")
def no_long_lived_credentials(_inputs: Inputs) -> Iterator[str]:
    """Nobody has an access key: people and pipelines take on roles."""
    yield "use a role"


@rule(POOL)
def passwords_are_long(inputs: Inputs) -> Iterator[str]:
    """Passwords have 12 characters or more."""
    if int((inputs.get("passwordPolicy") or {}).get("minimumLength") or 0) < 12:
        yield "minimumLength is below 12"


@rule(POOL)
def accounts_are_recovered_by_a_proved_address(inputs: Inputs) -> Iterator[str]:
    """Whoever forgot the password is reached by e-mail: telephone numbers change hands."""
    mechanisms = (inputs.get("accountRecoverySetting") or {}).get("recoveryMechanisms") or []
    if [mechanism.get("name") for mechanism in mechanisms] != ["verified_email"]:
        yield "recovery is not by verified_email alone"


@rule(CLIENT)
def client_gives_nobody_away(inputs: Inputs) -> Iterator[str]:
    """A client answers alike whether a user exists or not."""
    if inputs.get("preventUserExistenceErrors") != "ENABLED":
        yield "preventUserExistenceErrors is not ENABLED"


@rule(CLIENT)
def client_can_end_sessions(inputs: Inputs) -> Iterator[str]:
    """Refresh tokens can be revoked, and the client proves itself with a secret."""
    if inputs.get("enableTokenRevocation") is not True or inputs.get("generateSecret") is not True:
        yield "enableTokenRevocation or generateSecret is off"


@rule(CLIENT)
def client_opens_no_unsafe_flow(inputs: Inputs) -> Iterator[str]:
    """No flow puts tokens into addresses, or signs in without a challenge."""
    unsafe = {"implicit", "ADMIN_NO_SRP_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH"}
    used = unsafe & {*listed(inputs.get("allowedOauthFlows")), *listed(inputs.get("explicitAuthFlows"))}
    if used:
        yield f"{', '.join(sorted(used))} is open"


@rule(CLIENT)
def access_tokens_are_short(inputs: Inputs) -> Iterator[str]:
    """An access token, which nothing takes back at once, lives a day at most."""
    unit = (inputs.get("tokenValidityUnits") or {}).get("accessToken", "hours")
    minutes = float(inputs.get("accessTokenValidity") or 1) * {"minutes": 1, "hours": 60, "days": 1440}.get(unit, 1)
    if minutes > 1440:
        yield f"an access token lives {minutes:g} minutes"
