"""A pool whose keys come over HTTP, on a clock of its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from services.shared.auth import RemoteKeys, TokenError, verifier
from services.shared.auth.metrics import Tally
from tests.services.shared.auth.issuer import (
    CLIENT,
    ISSUER,
    NOW,
    token,
)
from tests.services.shared.auth.jwks_server import KeyServer

SOFT, HARD = 600.0, 86_400.0
BROKEN = "500 Internal Server Error"


@dataclass
class Pool:
    """A key server, the keys read from it, a verifier over them, and the clock of it all."""

    server: KeyServer
    now: float = 1000.0
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.keys = RemoteKeys(self.server.url, soft_ttl=SOFT, hard_ttl=HARD, monotonic=lambda: self.now)
        self.verify = verifier(self.keys, ISSUER, CLIENT, clock=lambda: NOW, tally=self.tally)

    async def code(self, text: str) -> str:
        """`taken`, or the code of the refusal."""
        try:
            await self.verify(text)
        except TokenError as error:
            return error.code.value
        return "taken"

    async def codes(self, texts: list[str]) -> Counter[str]:
        """The outcomes of tokens that come all at once."""
        return Counter(await asyncio.gather(*map(self.code, texts)))

    def ready(self) -> bool:
        """Whether the keys say that they are ready."""
        return self.keys.ready

    async def settled(self) -> None:
        """Wait for a refresh in the background to end."""
        flight = self.keys._flight
        if flight is not None:
            await asyncio.wait({flight})


def tokens(count: int, **header: Any) -> list[str]:
    return [token(header, jti=f"jti-{i}") for i in range(count)]


def unknown(count: int) -> list[str]:
    text = token({"kid": "KID"})
    return [text.replace(text.split(".")[0], token({"kid": f"unknown-{i}"}).split(".")[0]) for i in range(count)]
