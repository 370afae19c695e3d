"""Each refresh token counts once; nobody is signed out for using one twice at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio

from services.identity.app import Parts, assemble
from services.identity.settings import Settings
from tests.services.identity.conftest import BODY, BROWSER, COOKIE, Visitor, new_client, new_email
from tests.services.identity.rotating import RotatingClient
from tests.support.applications import problem, started
from tests.support.cognito import CognitoServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

GRACE = 60.0

Joining = Callable[..., Awaitable[Visitor]]


@pytest_asyncio.fixture(loop_scope="module")
async def join(settings: Settings, cognito_server: CognitoServer) -> AsyncIterator[Joining]:
    """Makes somebody who is signed in at a pool that rotates."""
    async with AsyncExitStack() as stack:

        async def joined(headers: dict[str, str], grace: float = GRACE) -> Visitor:
            parts = Parts(settings, pace=0)
            parts.pool._client = RotatingClient(parts.cognito.client, grace)  # type: ignore[assignment]
            service = assemble(parts, settings)
            await stack.enter_async_context(started(service))
            visitor = Visitor(new_client(service), cognito_server, new_email(), headers)
            await visitor.join()
            return visitor

        yield joined


async def refresh(visitor: Visitor, token: str) -> httpx.Response:
    return await visitor.post("refresh", {"refresh_token": token})


async def test_a_browser_gets_another_cookie_with_each_refresh(join: Joining) -> None:
    browser = await join(BROWSER)
    seen = [browser.client.cookies[COOKIE]]
    for _ in range(3):
        assert (await browser.post("refresh")).status_code == 200
        seen.append(browser.client.cookies[COOKIE])
    assert len(set(seen)) == 4


async def test_who_is_no_browser_is_given_the_next_one(join: Joining) -> None:
    script = await join(BODY)
    token = (await script.enter())["refresh_token"]
    for _ in range(3):
        body = (await refresh(script, token)).json()
        assert body["refresh_token"] != token
        token = body["refresh_token"]


async def test_ten_tabs_that_refresh_at_once_all_stay_signed_in(join: Joining) -> None:
    script = await join(BODY)
    token = (await script.enter())["refresh_token"]
    answers = await asyncio.gather(*(refresh(script, token) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    following = await asyncio.gather(*(refresh(script, answer.json()["refresh_token"]) for answer in answers))
    assert {answer.status_code for answer in following} == {200}


async def test_a_client_whose_answer_got_lost_asks_again(join: Joining) -> None:
    script = await join(BODY)
    token = (await script.enter())["refresh_token"]
    assert (await refresh(script, token)).status_code == 200
    assert (await refresh(script, token)).status_code == 200


async def test_a_token_that_was_replaced_long_ago_is_refused(join: Joining) -> None:
    script = await join(BODY, grace=0.0)
    token = (await script.enter())["refresh_token"]
    assert (await refresh(script, token)).status_code == 200
    problem(await refresh(script, token), 401, "session_expired")


async def test_a_replaced_token_is_worthless_after_signing_out_even_in_its_grace(join: Joining) -> None:
    """Whoever copied the cookie before the last refresh must not get in after the sign-out."""
    script = await join(BODY)
    old = (await script.enter())["refresh_token"]
    new = (await refresh(script, old)).json()["refresh_token"]
    assert (await script.post("logout", {"refresh_token": new})).status_code == 204
    for token in (old, new):
        problem(await refresh(script, token), 401, "session_expired")


async def test_what_a_session_is_stays_the_same_through_every_refresh(join: Joining) -> None:
    script = await join(BODY)
    token = (await script.enter())["refresh_token"]
    for _ in range(3):
        token = (await refresh(script, token)).json()["refresh_token"]
    access = (await refresh(script, token)).json()["access_token"]
    assert (await script.post("logout", {"refresh_token": token})).status_code == 204
    script.access_token = access
    problem(await script.call("GET", "/users/me"), 401, "token_revoked")
