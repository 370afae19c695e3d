"""Users: oneself, and others for administrators."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from services.catalog import API_PREFIX
from services.identity.attempts import DELETION, Attempts
from services.identity.directory import Directory, Profile
from services.identity.farewell import Farewell
from services.identity.guards import access_token, address_of
from services.identity.models import Farewell as Goodbye
from services.identity.models import NewName, User
from services.identity.own_account import OwnAccount
from services.identity.users import Users
from services.shared.auth import Principal, current_user
from services.shared.errors import Problem, not_found
from services.shared.openapi import problems

PATH = f"{API_PREFIX}/users"
ADMINISTRATORS = "admin"
_ID = re.compile(r"[\w-]{1,128}", re.ASCII)

SignedIn = Annotated[Principal, Depends(current_user)]
AccessToken = Annotated[str, Depends(access_token)]

UNAVAILABLE = problems({503: "Something that this needs cannot be reached; nothing has been done."})


class Finder:
    """Finds users in our table, or at the pool if they have not signed in here yet."""

    def __init__(self, directory: Directory, users: Users) -> None:
        self._directory = directory
        self._users = users

    async def find(self, user_id: str, groups: list[str]) -> User:
        """The user; problem 404 if there is none."""
        user = await self._users.find(user_id, groups)
        if user is None:
            user = await self._users.keep(await self._profile(user_id), groups)
        return user

    async def find_other(self, user_id: str) -> User:
        """The user with their groups, for an administrator; problem 404 if there is none."""
        if not _ID.fullmatch(user_id):
            raise no_such_user()
        return await self.find(user_id, await self._directory.groups(user_id))

    async def _profile(self, user_id: str) -> Profile:
        profile = await self._directory.profile(user_id)
        if profile is None or profile.sub != user_id:
            raise no_such_user()
        return profile


def router(finder: Finder, account: OwnAccount, users: Users, farewell: Farewell, attempts: Attempts) -> APIRouter:
    """The routes of oneself."""
    routes = APIRouter(prefix=PATH, tags=["users"])

    async def myself(principal: Principal) -> User:
        return await finder.find(principal.sub, sorted(principal.groups))

    @routes.get("/me", response_model=User, summary="Oneself")
    async def me(principal: SignedIn) -> User:
        return await myself(principal)

    @routes.patch("/me", response_model=User, responses=UNAVAILABLE, summary="Take another name")
    async def rename(given: NewName, principal: SignedIn, token: AccessToken) -> User:
        user = await myself(principal)
        await account.rename(token, given.name)
        return await users.keep(Profile(user.id, user.email, given.name), user.groups)

    @routes.delete(
        "/me",
        status_code=204,
        responses={**UNAVAILABLE, **problems({400: "`password_wrong`; nothing has been deleted."})},
        summary="Delete one's account with everything that is in it",
    )
    async def delete(request: Request, given: Goodbye, principal: SignedIn, token: AccessToken) -> Response:
        async with attempts.attempt(DELETION, request, principal.sub):
            await farewell.delete(principal, token, given.password.get_secret_value(), address_of(request))
        return Response(status_code=204)

    @routes.get("/me/export", responses=UNAVAILABLE, summary="All that is kept of oneself, as a JSON document")
    async def export(request: Request, principal: SignedIn, token: AccessToken) -> Response:
        with attempts.audit.event("data_exported", request):
            pieces = farewell.export(await myself(principal), token)
            first = await anext(pieces)  # a problem still becomes an answer
        headers = {"content-disposition": 'attachment; filename="my-data.json"', "cache-control": "no-store"}
        return StreamingResponse(_begun(first, pieces), headers=headers, media_type="application/json")

    @routes.get(
        "/{user_id}",
        response_model=User,
        responses=problems({404: "There is no such user, or none that you may see."}),
        summary="A user: oneself, or anyone for administrators",
    )
    async def user(user_id: str, principal: SignedIn) -> User:
        if user_id == principal.sub:
            return await myself(principal)
        if ADMINISTRATORS not in principal.groups:
            raise no_such_user()
        return await finder.find_other(user_id)

    return routes


async def _begun(first: str, rest: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for piece in rest:
        yield piece


def no_such_user() -> Problem:
    """404, the same for a user whom one may not see."""
    return not_found("There is no such user.")
