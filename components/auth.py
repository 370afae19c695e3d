"""Who users are: the Cognito user pool, the platform's client of it, and the keys of browser sessions."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, Self

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.config import CognitoPlan, Mfa, StackConfig
from components.policies import Statement, allow
from components.secret import Secret, SecretArgs

ADMIN_GROUP = "admin"

SCOPES = {"products.read": "See products", "products.write": "Create, change and delete products"}
"""What a token may be limited to, for programs that are given one in a user's name."""

_MFA = {Mfa.OFF: "OFF", Mfa.OPTIONAL: "OPTIONAL", Mfa.REQUIRED: "ON"}

_ADMIN_ACTIONS = (
    "cognito-idp:AdminAddUserToGroup",
    "cognito-idp:AdminDisableUser",
    "cognito-idp:AdminEnableUser",
    "cognito-idp:AdminGetUser",
    "cognito-idp:AdminListGroupsForUser",
    "cognito-idp:AdminRemoveUserFromGroup",
    "cognito-idp:AdminUserGlobalSignOut",
    "cognito-idp:DescribeUserPool",
    "cognito-idp:DescribeUserPoolClient",
)
"""What managing users takes; signing up, in and out takes no AWS permission at all."""


@dataclass(frozen=True, kw_only=True)
class AuthArgs:
    """`jwks_base_url`: where keys are fetched, if not from the issuer; `protect`: AWS refuses to delete the users;
    `keep`: Pulumi refuses to delete or replace the pool, in the preview already, until somebody unprotects it.
    """

    region: str
    domain_prefix: str
    access_token_minutes: int
    refresh_token_days: int
    plan: CognitoPlan
    mfa: Mfa
    protect: bool
    keep: bool
    jwks_base_url: str | None = None

    @classmethod
    def of(cls, config: StackConfig, account: str) -> Self:
        """The stack's own. The default prefix is made from the account, to be unique, and does not give it away."""
        made = f"{config.name}-{hashlib.sha256(account.encode()).hexdigest()[:8]}"
        return cls(
            region=config.region,
            domain_prefix=config.cognito_domain_prefix or made,
            access_token_minutes=config.access_token_minutes,
            refresh_token_days=config.refresh_token_days,
            plan=config.cognito_plan,
            mfa=config.mfa,
            protect=config.is_prod,
            # Users cannot be moved to another pool: not even dev loses its pool by a changed line.
            keep=config.local is None,
            jwks_base_url=None if config.local is None else config.local.cognito_url,
        )

    def validate(self) -> None:
        """Raises ValueError for a token life that Cognito does not issue."""
        if not 5 <= self.access_token_minutes <= 1440:
            raise ValueError(f"access_token_minutes is {self.access_token_minutes}; use 5 to 1440")


class Auth(Component):
    """A user pool for signing in by e-mail address, with one confidential client: the identity service's."""

    user_pool_id: pulumi.Output[str]
    client_id: pulumi.Output[str]
    domain: pulumi.Output[str]
    issuer: pulumi.Output[str]
    jwks_url: pulumi.Output[str]
    origin_key: pulumi.Output[str]
    client_secret: Secret
    session_keys: Secret

    def __init__(self, name: str, args: AuthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        args.validate()
        super().__init__(name, opts)
        self._args = args
        self._pool = self._create_pool()
        self.user_pool_id = self._pool.id
        self._create_admin_group()
        if args.jwks_base_url is None:
            self._create_scopes()
        self.domain = self._create_domain()
        client = self._create_client()
        self.client_id = client.id
        self.client_secret = self._create_secret(
            "client-secret", "Secret of the app client", pulumi.Output.secret(client.client_secret)
        )
        # Known to this program alone, and as long-lived as the client: a key for the edge without a secret of its own.
        self.origin_key = pulumi.Output.secret(client.client_secret.apply(_origin_key))
        self.session_keys = self._create_secret("session-keys", "Keys of the session cookie, first one encrypts")
        self.issuer = pulumi.Output.concat("https://", self._pool.endpoint)
        self.jwks_url = self._jwks_url()
        self.finish()

    def _create_pool(self) -> aws.cognito.UserPool:
        return aws.cognito.UserPool(
            self.name,
            username_attributes=["email"],
            username_configuration={"case_sensitive": False},
            auto_verified_attributes=["email"],
            account_recovery_setting={"recovery_mechanisms": [{"name": "verified_email", "priority": 1}]},
            password_policy={
                "minimum_length": 12,
                "require_lowercase": True,
                "require_uppercase": True,
                "require_numbers": True,
                "require_symbols": False,
                "temporary_password_validity_days": 3,
            },
            schemas=[_attribute("email", required=True), _attribute("name", required=False)],
            mfa_configuration=_MFA[self._args.mfa],
            software_token_mfa_configuration=None if self._args.mfa is Mfa.OFF else {"enabled": True},
            **self._plan(),
            user_attribute_update_settings={"attributes_require_verification_before_updates": ["email"]},
            deletion_protection="ACTIVE" if self._args.protect else "INACTIVE",
            opts=self.child(protect=self._args.keep),
        )

    def _plan(self) -> dict[str, Any]:
        """Essentials is what AWS gives to a pool whose plan is not named."""
        if self._args.plan is not CognitoPlan.PLUS:
            return {}
        return {"user_pool_tier": "PLUS", "user_pool_add_ons": {"advanced_security_mode": "ENFORCED"}}

    def _create_scopes(self) -> None:
        aws.cognito.ResourceServer(
            self.name,
            identifier=self.name,
            name="The API",
            user_pool_id=self._pool.id,
            scopes=[{"scope_name": scope, "scope_description": meaning} for scope, meaning in SCOPES.items()],
            opts=self.child(),
        )

    def _create_admin_group(self) -> None:
        aws.cognito.UserGroup(
            f"{self.name}-{ADMIN_GROUP}",
            name=ADMIN_GROUP,
            user_pool_id=self._pool.id,
            description="Sees and manages users",
            opts=self.child(),
        )

    def _create_domain(self) -> pulumi.Output[str]:
        domain = aws.cognito.UserPoolDomain(
            self.name, domain=self._args.domain_prefix, user_pool_id=self._pool.id, opts=self.child()
        )
        return pulumi.Output.concat(domain.domain, f".auth.{self._args.region}.amazoncognito.com")

    def _create_client(self) -> aws.cognito.UserPoolClient:
        return aws.cognito.UserPoolClient(
            self.name,
            user_pool_id=self._pool.id,
            generate_secret=True,
            # The identity service signs users in for them; no OAuth flow is open.
            # Refresh tokens are used once: GetTokensFromRefreshToken needs no flow, and the older way would not do it.
            explicit_auth_flows=["ALLOW_USER_PASSWORD_AUTH"],
            # Two tabs, or a client whose answer got lost, may use the same one within the grace period.
            refresh_token_rotation={"feature": "ENABLED", "retry_grace_period_seconds": 60},
            # Minutes for a further step: setting up an authenticator app takes longer than Cognito's three.
            auth_session_validity=10,
            prevent_user_existence_errors="ENABLED",
            enable_token_revocation=True,
            # Lets the service name the user's address, which throttling and threat protection go by.
            enable_propagate_additional_user_context_data=True,
            access_token_validity=self._args.access_token_minutes,
            id_token_validity=self._args.access_token_minutes,
            refresh_token_validity=self._args.refresh_token_days,
            token_validity_units={"access_token": "minutes", "id_token": "minutes", "refresh_token": "days"},
            opts=self.child(),
        )

    def _create_secret(self, suffix: str, description: str, value: pulumi.Output[str] | None = None) -> Secret:
        return Secret(
            f"{self.name}-{suffix}",
            SecretArgs(
                description=description,
                region=self._args.region,
                keep_days=7 if self._args.protect else 0,
                value=value,
            ),
            self.child(),
        )

    def _jwks_url(self) -> pulumi.Output[str]:
        local = self._args.jwks_base_url
        base = self.issuer if local is None else pulumi.Output.concat(local, "/", self._pool.id)
        return pulumi.Output.concat(base, "/.well-known/jwks.json")

    def admin_statement(self) -> Statement:
        """Leave to manage the users of this pool, and of no other."""
        return allow(_ADMIN_ACTIONS, self._pool.arn)


def _attribute(name: str, *, required: bool) -> Any:
    """An attribute of users, with every default said: AWS gives the defaults back as if they had been asked for.

    An attribute that changes or goes would take the pool with it. Only ever add to the list.
    """
    return {
        "name": name,
        "attribute_data_type": "String",
        "developer_only_attribute": False,
        "mutable": True,
        "required": required,
        "string_attribute_constraints": {"min_length": "0", "max_length": "2048"},
    }


def _origin_key(client_secret: str) -> str:
    return hmac.new(client_secret.encode(), b"origin key of the edge", hashlib.sha256).hexdigest()
