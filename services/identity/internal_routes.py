"""What the other services ask; no route from outside leads here."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel

from services.catalog import REVOCATIONS_PATH
from services.identity.revocations import RevocationList


class Revocations(BaseModel):
    """{sub or origin_jti: seconds since the epoch before which its tokens do not count}."""

    revocations: dict[str, int]


def router(revocations: RevocationList) -> APIRouter:
    """The routes between services."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(REVOCATIONS_PATH, response_model=Revocations)
    async def listed(response: Response) -> Revocations:
        response.headers["cache-control"] = "no-store"
        return Revocations(revocations=await revocations.listed())

    return routes
