"""`--cognito STACK`: the user pool of a deployed stack in place of the emulator's, as that stack's outputs name it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.local.errors import LocalRunError
from scripts.stack import StackError, outputs

KEYS_PATH = "/.well-known/jwks.json"
WAY_OUT = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Whoever is behind a proxy reaches the pool by these; the platform's own requests are no HTTPS."""


@dataclass(frozen=True, kw_only=True)
class DeployedPool:
    """A deployed stack's pool and app client. `keys_url`: where the keys of all pools of its region are."""

    stack: str
    region: str
    pool_id: str
    client_id: str
    domain: str
    issuer: str
    keys_url: str

    def to_json(self) -> dict[str, str]:
        """As plain data; no secret is in it."""
        return asdict(self)


def find_pool(stack: str | None, file: Path | None) -> DeployedPool:
    """The pool of the stack, by the Pulumi CLI, or by a file with the stack's outputs. LocalRunError without either."""
    try:
        found = outputs(stack, file)
        pool = DeployedPool(
            stack=called(stack, file),
            region=found["region"],
            pool_id=found["cognito_user_pool_id"],
            client_id=found["cognito_user_pool_client_id"],
            domain=found["cognito_domain"],
            issuer=found["cognito_issuer"],
            keys_url=found["cognito_jwks_url"],
        )
    except StackError as error:
        raise LocalRunError(str(error).replace("--outputs", "--cognito-outputs")) from error
    return _checked(pool)


def called(stack: str | None, file: Path | None) -> str:
    """What people know the stack by."""
    return stack or f"the stack of {file}"


def _checked(pool: DeployedPool) -> DeployedPool:
    """With the address that all keys are below; LocalRunError for outputs that contradict each other."""
    ending = f"/{pool.pool_id}{KEYS_PATH}"
    if not pool.keys_url.endswith(ending) or not pool.issuer.endswith(f"/{pool.pool_id}"):
        raise LocalRunError(
            f"The outputs of {pool.stack} name the user pool {pool.pool_id}, but another one's issuer or keys: write "
            "them anew with `pulumi stack output --json`."
        )
    return DeployedPool(**{**pool.to_json(), "keys_url": pool.keys_url.removesuffix(ending)})


def callers_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What finds the caller's AWS credentials, their profile and whatever stands between them and AWS."""
    return {name: value for name, value in environment.items() if name.startswith("AWS_") or name in WAY_OUT}
