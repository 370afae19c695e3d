"""The user pool of a deployed stack, where the program would make one: every row answers, and none calls anything.

What the program says about a pool holds for its own; the deployed one is as its own stack made it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scripts.local.engine import rows_cognito
from scripts.local.engine.rows import Creation, Row
from scripts.local.pool_access import PoolAccess


def deployed(creation: Creation) -> PoolAccess:
    """The pool; the monitor takes these rows only where there is one."""
    access = creation.facts.pool
    assert access is not None  # noqa: S101
    return access


def answer_pool(creation: Creation) -> dict[str, Any]:
    """The pool's id and ARN."""
    return {"UserPool": {"Id": deployed(creation).pool.pool_id, "Arn": deployed(creation).arn}}


def finish_pool(creation: Creation) -> None:
    """Where it answers, as the issuer says."""
    creation.outputs["endpoint"] = deployed(creation).pool.issuer.removeprefix("https://")


def answer_client(creation: Creation) -> dict[str, Any]:
    """The app client's id and secret."""
    access = deployed(creation)
    return {"UserPoolClient": {"ClientId": access.pool.client_id, "ClientSecret": access.client_secret}}


def finish_domain(creation: Creation) -> None:
    """Its first label."""
    creation.outputs["domain"] = deployed(creation).pool.domain.partition(".")[0]


POOL = "aws:cognito/userPool:UserPool"
CLIENT = "aws:cognito/userPoolClient:UserPoolClient"
DOMAIN = "aws:cognito/userPoolDomain:UserPoolDomain"
GROUP = "aws:cognito/userGroup:UserGroup"

ROWS: dict[str, Row] = {
    POOL: replace(rows_cognito.ROWS[POOL], adopt=answer_pool, finish=finish_pool),
    CLIENT: replace(rows_cognito.ROWS[CLIENT], adopt=answer_client),
    DOMAIN: replace(rows_cognito.ROWS[DOMAIN], adopt=lambda _creation: {"CloudFrontDomain": ""}, finish=finish_domain),
    GROUP: replace(
        rows_cognito.ROWS[GROUP],
        adopt=lambda creation: {"Group": {"GroupName": creation.parameters["GroupName"]}},
    ),
}
