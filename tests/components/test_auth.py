"""The user pool and its one client: closed by default."""

from __future__ import annotations

import pytest

from components.auth import AuthArgs
from components.config import CognitoPlan, Mfa
from tests.support.stacks import Recorded, stack

TIERS = ("dev", "prod", "local")


def pool(tier: str) -> Recorded:
    (found,) = stack(tier).of_type("cognito/userPool:UserPool")
    return found


def client(tier: str) -> Recorded:
    (found,) = stack(tier).of_type(":UserPoolClient")
    return found


@pytest.mark.parametrize("tier", TIERS)
def test_users_are_known_by_an_address_that_they_proved(tier: str) -> None:
    inputs = pool(tier).inputs
    assert inputs["usernameAttributes"] == inputs["autoVerifiedAttributes"] == ["email"]
    assert inputs["usernameConfiguration"] == {"caseSensitive": False}
    assert inputs["accountRecoverySetting"] == {"recoveryMechanisms": [{"name": "verified_email", "priority": 1}]}
    assert inputs["userAttributeUpdateSettings"] == {"attributesRequireVerificationBeforeUpdates": ["email"]}


@pytest.mark.parametrize("tier", TIERS)
def test_passwords_are_long_and_mixed(tier: str) -> None:
    policy = pool(tier).inputs["passwordPolicy"]
    assert policy["minimumLength"] >= 12
    assert all(policy[name] for name in ("requireLowercase", "requireUppercase", "requireNumbers"))


@pytest.mark.parametrize(("tier", "protection"), [("dev", "INACTIVE"), ("prod", "ACTIVE"), ("local", "INACTIVE")])
def test_users_of_prod_cannot_be_deleted_along(tier: str, protection: str) -> None:
    assert pool(tier).inputs["deletionProtection"] == protection


@pytest.mark.parametrize("tier", TIERS)
def test_the_client_is_confidential_and_opens_no_oauth_flow(tier: str) -> None:
    inputs = client(tier).inputs
    assert inputs["generateSecret"] is True
    assert inputs["explicitAuthFlows"] == ["ALLOW_USER_PASSWORD_AUTH"]
    assert inputs["refreshTokenRotation"] == {"feature": "ENABLED", "retryGracePeriodSeconds": 60}
    assert inputs["authSessionValidity"] == 10
    assert not [name for name in inputs if "OauthFlow" in name or name in ("callbackUrls", "logoutUrls")]
    assert inputs["preventUserExistenceErrors"] == "ENABLED"
    assert inputs["enableTokenRevocation"] is True


@pytest.mark.parametrize(
    ("tier", "plan", "threats"),
    [("dev", None, None), ("prod", "PLUS", {"advancedSecurityMode": "ENFORCED"}), ("local", None, None)],
)
def test_prod_is_protected_from_threats(tier: str, plan: str | None, threats: object) -> None:
    inputs = pool(tier).inputs
    assert (inputs.get("userPoolTier"), inputs.get("userPoolAddOns")) == (plan, threats)


@pytest.mark.parametrize(("setting", "word"), [("off", "OFF"), ("optional", "OPTIONAL"), ("required", "ON")])
def test_the_second_factor_is_a_setting(setting: str, word: str) -> None:
    (found,) = stack("dev", mfa=setting).of_type("cognito/userPool:UserPool")
    assert found.inputs["mfaConfiguration"] == word
    assert found.inputs.get("softwareTokenMfaConfiguration") == (None if word == "OFF" else {"enabled": True})


IDENTITY = {
    "usernameAttributes": ["email"],
    "usernameConfiguration": {"caseSensitive": False},
    "schemas": [
        {
            "name": name,
            "attributeDataType": "String",
            "developerOnlyAttribute": False,
            "mutable": True,
            "required": required,
            "stringAttributeConstraints": {"minLength": "0", "maxLength": "2048"},
        }
        for name, required in (("email", True), ("name", False))
    ],
}
"""What Cognito cannot change in a pool. A change here would replace the pool, and every user would be gone: attributes
may be added at the end, and nothing else may be touched, ever."""


@pytest.mark.parametrize("tier", TIERS)
def test_nothing_that_would_replace_the_pool_has_changed(tier: str) -> None:
    inputs = pool(tier).inputs
    assert {name: inputs[name] for name in IDENTITY} == IDENTITY
    assert not {"name", "aliasAttributes", "emailVerificationMessage"} & inputs.keys()


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_the_api_has_scopes_that_a_token_may_be_limited_to(tier: str) -> None:
    (server,) = stack(tier).of_type(":ResourceServer")
    assert {scope["scopeName"] for scope in server.inputs["scopes"]} == {"products.read", "products.write"}


def test_token_lives_follow_the_configuration() -> None:
    (found,) = stack("dev", access_token_minutes=5, refresh_token_days=7).of_type(":UserPoolClient")
    lives = [found.inputs[f"{token}TokenValidity"] for token in ("access", "id", "refresh")]
    assert lives == [5, 5, 7]
    assert found.inputs["tokenValidityUnits"] == {
        "accessToken": "minutes",
        "idToken": "minutes",
        "refreshToken": "days",
    }


def test_the_clients_secret_goes_to_secrets_manager_marked_as_one() -> None:
    built = stack("prod")
    version = built.one("secretsmanager/secretVersion:SecretVersion", "sri-prod-client-secret")
    assert version.secret_inputs == ("secretString",)
    assert [v.name for v in built.of_type(":SecretVersion")] == ["sri-prod-client-secret"]


@pytest.mark.parametrize(("tier", "days"), [("dev", 0), ("prod", 7), ("local", 0)])
def test_deleted_secrets_of_prod_can_be_restored(tier: str, days: int) -> None:
    kept = {secret.inputs["recoveryWindowInDays"] for secret in stack(tier).of_type("secretsmanager/secret:Secret")}
    assert kept == {days}


def test_there_is_one_group_and_it_is_admin() -> None:
    (group,) = stack("dev").of_type(":UserGroup")
    assert group.inputs["name"] == "admin"


def test_issuer_and_keys_are_the_pools_own() -> None:
    outputs = stack("dev").outputs
    assert outputs["cognito_issuer"] == "https://cognito-idp.us-east-1.amazonaws.com/sri-dev-id"
    assert outputs["cognito_jwks_url"] == f"{outputs['cognito_issuer']}/.well-known/jwks.json"


def test_locally_the_issuer_names_aws_while_the_keys_are_here() -> None:
    outputs = stack("local").outputs
    assert outputs["cognito_issuer"] == "https://cognito-idp.us-east-1.amazonaws.com/sri-local-id"
    assert outputs["cognito_jwks_url"] == "http://127.0.0.1:9229/sri-local-id/.well-known/jwks.json"


def test_the_default_domain_is_unique_and_does_not_name_the_account() -> None:
    domain = stack("dev").outputs["cognito_domain"]
    assert domain.startswith("sri-dev-")
    assert domain.endswith(".auth.us-east-1.amazoncognito.com")
    assert "123456789012" not in domain
    chosen = stack("dev", cognito_domain_prefix="people").outputs["cognito_domain"]
    assert chosen == "people.auth.us-east-1.amazoncognito.com"


def test_a_token_life_that_cognito_does_not_issue_is_refused() -> None:
    args = AuthArgs(
        region="",
        domain_prefix="",
        access_token_minutes=1,
        refresh_token_days=1,
        plan=CognitoPlan.ESSENTIALS,
        mfa=Mfa.OPTIONAL,
        protect=False,
        keep=False,
    )
    with pytest.raises(ValueError, match="use 5 to 1440"):
        args.validate()
