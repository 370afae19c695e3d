"""What routes ask of the principal: groups and scopes, exactly (family 95, H11)."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends
from starlette.types import ASGIApp

from services.shared.api import create_api
from services.shared.auth import AuthMiddleware, Principal, current_user, require_group, require_scope, verifier
from tests.services.shared.auth.http_requests import Answer, ask, http_scope
from tests.services.shared.auth.issuer import CLIENT, GONE, ISSUER, NOW, SUB, key_set, token

router = APIRouter()
User = Annotated[Principal, Depends(current_user)]


@router.get("/me")
async def me(user: User) -> str:
    return user.sub


@router.get("/admin")
async def admin(user: Annotated[Principal, Depends(require_group("admin"))]) -> str:
    return user.sub


@router.get("/staff", dependencies=[Depends(require_group("editors", "admin"))])
async def staff() -> str:
    return "staff"


@router.get("/read")
async def read(user: Annotated[Principal, Depends(require_scope("api:read"))]) -> str:
    return user.sub


@router.get("/both")
async def both(user: Annotated[Principal, Depends(require_scope("api:write", "api:read"))]) -> str:
    return user.sub


@router.get("/open")
async def opened(user: User) -> str:
    return user.sub


OPEN = ("/open", "/api/v1/openapi.json")
API = create_api(title="test", routers=[router], open_paths=OPEN)
APP: ASGIApp = AuthMiddleware(API, verifier(key_set(), ISSUER, CLIENT, clock=lambda: NOW), open_paths=OPEN)


async def get(path: str, **claims: Any) -> Answer:
    return await ask(APP, http_scope(path, f"Bearer {token(**claims)}", http_version="1.1", scheme="http", state={}))


async def test_a_route_learns_who_asks() -> None:
    answer = await get("/me")
    assert (answer.status, answer.body.decode()) == (200, f'"{SUB}"')


async def test_a_member_of_the_group_is_let_in() -> None:
    assert (await get("/admin")).status == 200


@pytest.mark.parametrize(
    "groups", [GONE, [], ["editors"], ["admins"], ["administrators"], ["Admin"], ["admin "], ["adm", "in"]]
)
async def test_a_group_counts_only_by_its_exact_name(groups: Any) -> None:
    answer = await get("/admin", **{"cognito:groups": groups})
    assert (answer.status, answer.problem["code"]) == (403, "insufficient_group")
    assert answer.headers["www-authenticate"] == 'Bearer realm="sri", error="insufficient_scope"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_one_of_several_groups_is_enough() -> None:
    assert (await get("/staff", **{"cognito:groups": ["editors"]})).status == 200
    assert (await get("/staff", **{"cognito:groups": ["readers"]})).status == 403


@pytest.mark.parametrize("scope", [GONE, "", "api:read-all", "api:rea", "API:READ", "api", "xapi:read", "api:read,x"])
async def test_a_scope_counts_only_by_its_exact_name(scope: Any) -> None:
    """Family 95, H11: the answer names what is missing."""
    answer = await get("/read", scope=scope)
    assert (answer.status, answer.problem["code"]) == (403, "insufficient_scope")
    assert answer.headers["www-authenticate"] == 'Bearer realm="sri", error="insufficient_scope", scope="api:read"'
    assert answer.headers["cache-control"] == "no-store"


async def test_all_of_several_scopes_are_needed() -> None:
    assert (await get("/both", scope="api:read x api:write")).status == 200
    answer = await get("/both", scope="api:read")
    assert answer.status == 403
    assert 'scope="api:read api:write"' in answer.headers["www-authenticate"]


async def test_a_route_on_an_open_path_that_asks_for_a_principal_is_closed_all_the_same() -> None:
    answer = await get("/open")
    assert (answer.status, answer.problem["code"]) == (401, "token_missing")


async def test_a_principal_that_is_none_of_ours_counts_as_none() -> None:
    scope = http_scope("/me", http_version="1.1", scheme="http", state={}, principal={"sub": "forged"})
    assert (await ask(API, scope)).status == 401


@pytest.mark.parametrize("name", ['quo"te', "back\\slash", "two words", "", "line\nbreak"])
def test_a_scope_that_cannot_stand_in_a_header_is_refused_when_the_route_is_made(name: str) -> None:
    with pytest.raises(ValueError, match="scope"):
        require_scope(name)


async def test_the_openapi_document_says_which_routes_need_a_token() -> None:
    document = (await get("/api/v1/openapi.json")).problem
    ((name, scheme),) = document["components"]["securitySchemes"].items()
    assert {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}.items() <= scheme.items()
    for path in ("/me", "/admin", "/staff", "/read"):
        assert document["paths"][path]["get"]["security"] == [{name: []}]
