"""What administrators do with users."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import AfterValidator, Field

from services.identity.audit import Audit
from services.identity.cursors import from_cursor, to_cursor
from services.identity.directory import Directory
from services.identity.models import UserPage
from services.identity.revocations import RevocationList
from services.identity.user_routes import ADMINISTRATORS, PATH, UNAVAILABLE, Finder
from services.identity.users import Position, Users
from services.shared.api import STRIPPED
from services.shared.auth import Principal, require_group
from services.shared.errors import Problem
from services.shared.openapi import problems
from services.shared.query import QueryModel, query_parameters, query_reader

LARGEST_PAGE = 100


def _page_end(cursor: str) -> str:
    from_cursor(cursor)
    return cursor


class Listing(QueryModel):
    """Which page of users."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 20
    cursor: Annotated[
        str, Field(min_length=1, description="`next_cursor` of the page before."), AfterValidator(_page_end)
    ] = ""
    q: Annotated[str, Field(max_length=200, description="In the email or the name, in any case."), STRIPPED] = ""

    @property
    def after(self) -> Position | None:
        """The end of the page before, if there is one."""
        return from_cursor(self.cursor) if self.cursor else None


Administrator = Annotated[Principal, Depends(require_group(ADMINISTRATORS))]
Group = Annotated[str, Path(pattern=r"^[\w-]{1,128}$")]

REFUSALS = {
    **UNAVAILABLE,
    **problems({403: "`insufficient_group`: this is for administrators."}),
}
ON_ONE = {**REFUSALS, **problems({404: "There is no such user."})}
ON_OTHERS = {**ON_ONE, **problems({409: "`not_yourself`: another administrator has to do this to you."})}


def router(directory: Directory, users: Users, finder: Finder, revocations: RevocationList, audit: Audit) -> APIRouter:
    """The routes for administrators alone."""
    routes = APIRouter(prefix=PATH, tags=["users"])

    async def note_groups(user_id: str) -> None:
        await users.set_groups(user_id, await directory.groups(user_id))

    @routes.get(
        "",
        response_model=UserPage,
        responses={**REFUSALS, **problems({422: "A parameter makes no sense."})},
        openapi_extra={"parameters": query_parameters(Listing)},
        summary="Users, newest first",
    )
    async def list_users(_: Administrator, asked: Annotated[Listing, Depends(query_reader(Listing))]) -> UserPage:
        found, last = await users.page(asked.limit, asked.after, asked.q)
        return UserPage(items=found, next_cursor=to_cursor(last) if last else None)

    @routes.post("/{user_id}/disable", status_code=204, responses=ON_OTHERS, summary="Let a user in no more")
    async def disable(request: Request, user_id: str, administrator: Administrator) -> Response:
        user = await finder.find_other(user_id)
        with audit.event("user_disabled", request, of=user.id):
            if user.id == administrator.sub:
                raise _not_yourself("disable yourself")
            await directory.disable(user.id)
            await revocations.withdraw_user(user.id)
            await users.set_enabled(user.id, enabled=False)
        return Response(status_code=204)

    @routes.post("/{user_id}/enable", status_code=204, responses=ON_ONE, summary="Let a user in again")
    async def enable(request: Request, user_id: str, _: Administrator) -> Response:
        user = await finder.find_other(user_id)
        with audit.event("user_enabled", request, of=user.id):
            await directory.enable(user.id)
            await users.set_enabled(user.id, enabled=True)
        return Response(status_code=204)

    @routes.put("/{user_id}/groups/{group}", status_code=204, responses=ON_ONE, summary="Put a user into a group")
    async def join_group(request: Request, user_id: str, group: Group, _: Administrator) -> Response:
        user = await finder.find_other(user_id)
        with audit.event("group_joined", request, of=user.id) as entry:
            entry.group = group
            await directory.add_to_group(user.id, group)
            await note_groups(user.id)
        return Response(status_code=204)

    @routes.delete(
        "/{user_id}/groups/{group}", status_code=204, responses=ON_OTHERS, summary="Take a user out of a group"
    )
    async def leave_group(request: Request, user_id: str, group: Group, administrator: Administrator) -> Response:
        user = await finder.find_other(user_id)
        with audit.event("group_left", request, of=user.id) as entry:
            entry.group = group
            if user.id == administrator.sub and group == ADMINISTRATORS:
                raise _not_yourself("take yourself out of the administrators")
            await directory.remove_from_group(user.id, group)
            await revocations.withdraw_user(user.id)  # tokens that still name the group
            await note_groups(user.id)
        return Response(status_code=204)

    return routes


def _not_yourself(what: str) -> Problem:
    return Problem(409, "not_yourself", f"You cannot {what}: another administrator can.")
