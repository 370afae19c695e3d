"""Users: oneself, and others for administrators."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends

from services.catalog import API_PREFIX
from services.identity.models import User
from services.identity.pool import UserPool
from services.identity.users import Users
from services.shared.auth import Principal, current_user
from services.shared.errors import Problem, not_found
from services.shared.openapi import problems

ADMINISTRATORS = "admin"
_ID = re.compile(r"[\w-]{1,128}", re.ASCII)

SignedIn = Annotated[Principal, Depends(current_user)]


def router(pool: UserPool, users: Users) -> APIRouter:
    """The routes of users."""
    routes = APIRouter(prefix=f"{API_PREFIX}/users", tags=["users"])

    async def found(user_id: str, groups: list[str]) -> User:
        """The user from our table, or from the pool for whoever has not signed in here yet."""
        user = await users.find(user_id, groups)
        if user is None:
            profile = await pool.profile(user_id)
            if profile is None:
                raise _no_such_user()
            user = await users.keep(profile, groups)
        return user

    @routes.get("/me", response_model=User, summary="Oneself")
    async def me(principal: SignedIn) -> User:
        return await found(principal.sub, sorted(principal.groups))

    @routes.get(
        "/{user_id}",
        response_model=User,
        responses=problems({404: "There is no such user, or none that you may see."}),
        summary="A user: oneself, or anyone for administrators",
    )
    async def user(user_id: str, principal: SignedIn) -> User:
        if user_id == principal.sub:
            return await found(principal.sub, sorted(principal.groups))
        if ADMINISTRATORS not in principal.groups or not _ID.fullmatch(user_id):
            raise _no_such_user()
        return await found(user_id, await pool.groups(user_id))

    return routes


def _no_such_user() -> Problem:
    return not_found("There is no such user.")
