"""What the pool is told with each call: that it is us, and where the user is."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from services.identity.app import Parts
from services.shared.errors import Problem
from tests.services.identity.test_pool_errors import ADDRESS, CALLS, parts

__all__ = ["parts"]

MODEL = botocore.session.get_session().get_service_model("cognito-idp")


async def told(parts: Parts, operation: str, number: int) -> dict[str, Any]:
    """The parameters of the operation's first call."""
    seen: list[dict[str, Any]] = []
    events = parts.cognito.client.meta.events

    def note(params: dict[str, Any], **_: Any) -> None:
        seen.append(dict(params))
        raise ConnectionAbortedError

    event = f"provide-client-params.cognito-idp.{operation}"
    events.register(event, note)
    try:
        with pytest.raises((Problem, ConnectionAbortedError)):
            await CALLS[operation][number](parts)
    finally:
        events.unregister(event, note)
    return seen[0]


def taking(parameter: str) -> list[str]:
    """The operations that have such a parameter."""
    shapes = {name: MODEL.operation_model(name).input_shape for name in CALLS}
    return [name for name, shape in shapes.items() if shape is not None and parameter in shape.members]


OPEN, LOCATED = taking("ClientId"), taking("UserContextData")


@pytest.mark.parametrize("operation", [name for name in OPEN if not name.startswith("Describe")])
async def test_every_call_of_the_app_client_proves_that_it_is_ours(parts: Parts, operation: str) -> None:
    """By SECRET_HASH, or by the secret itself where the API asks for that (RevokeToken, GetTokensFromRefreshToken)."""
    given = await told(parts, operation, 0)
    inner = given.get("AuthParameters") or given.get("ChallengeResponses") or {}
    username = given.get("Username") or inner.get("USERNAME")
    if username is None:
        assert given["ClientSecret"] == parts.cognito.secret
    else:
        assert (given.get("SecretHash") or inner["SECRET_HASH"]) == parts.cognito.hash(username)


@pytest.mark.parametrize("operation", LOCATED)
async def test_every_call_that_can_say_where_the_user_is_does(parts: Parts, operation: str) -> None:
    given = await told(parts, operation, 0)
    assert given["UserContextData"] == {"IpAddress": ADDRESS}


def test_there_are_such_calls() -> None:
    assert len(OPEN) == 10
    assert len(LOCATED) == 7
    assert {xform_name(name) for name in LOCATED} <= {xform_name(name) for name in OPEN}
