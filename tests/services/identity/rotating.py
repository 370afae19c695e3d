"""A pool that rotates refresh tokens as Cognito does, which the emulator does not."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError


@dataclass
class _Issued:
    real: str
    rotated_at: float | None = None


class RotatingClient:
    """A client of the emulator whose refresh tokens are good once, and `grace` seconds more (RefreshTokenRotationType
    in the Cognito API reference). Everything else is the emulator's."""

    def __init__(self, client: Any, grace: float) -> None:
        self._client = client
        self._grace = grace
        self._issued: dict[str, _Issued] = {}
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def initiate_auth(self, **parameters: Any) -> Any:
        """Sign in."""
        answer = self._client.initiate_auth(**parameters)
        result = answer["AuthenticationResult"]
        result["RefreshToken"] = self._issue(result["RefreshToken"])
        return answer

    def get_tokens_from_refresh_token(self, *, RefreshToken: str, **parameters: Any) -> Any:  # noqa: N803 (the API's)
        """Refresh, by a token that is then used up."""
        with self._lock:
            issued = self._issued[RefreshToken]
            now = time.monotonic()
            if issued.rotated_at is not None and now - issued.rotated_at >= self._grace:
                details: Any = {"Error": {"Code": "RefreshTokenReuseException", "Message": "used before"}}
                raise ClientError(details, "GetTokensFromRefreshToken")
            issued.rotated_at = issued.rotated_at or now
        answer = self._client.get_tokens_from_refresh_token(RefreshToken=issued.real, **parameters)
        answer["AuthenticationResult"]["RefreshToken"] = self._issue(issued.real)
        return answer

    def revoke_token(self, *, Token: str, **parameters: Any) -> Any:  # noqa: N803
        """End the session, though this loose model lets replaced tokens go on for their grace."""
        issued = self._issued[Token]
        self._issued[Token] = _Issued("revoked", float("-inf"))
        return self._client.revoke_token(Token=issued.real, **parameters) if self._grace == 0 else {}

    def _issue(self, real: str) -> str:
        token = secrets.token_urlsafe(24)
        self._issued[token] = _Issued(real)
        return token
