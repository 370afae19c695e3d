"""Security events in the log: one line each, who and from where, and never a secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from services.identity.audit import Audit
from services.shared.logging import configure
from tests.services.identity.conftest import KEYS, PASSWORD, Visitor, new_email
from tests.support.cognito import UserPool
from tests.support.totp import totp

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEW = "Another-horse-8-battery"


class Log:
    """What the service writes, at the least talkative level."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    def events(self) -> list[dict[str, Any]]:
        """The audit lines since the last time."""
        lines = [json.loads(line) for line in self.text.splitlines()]
        self._stream.truncate(0)
        self._stream.seek(0)
        return [line for line in lines if line["logger"] == "services.audit"]


@pytest.fixture
def log() -> Iterator[Log]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("identity", "error", stream)
    yield Log(stream)
    root.handlers, root.level = handlers, level


def outcomes(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["event"], event["outcome"]) for event in events]


async def test_getting_in_and_out_is_written_line_by_line(script: Visitor, log: Log) -> None:
    body = await script.join()
    await script.login("Wrong-horse-7-battery")
    await script.post("refresh", {"refresh_token": body["refresh_token"]})
    await script.post("logout", {"refresh_token": body["refresh_token"]})
    await script.post("refresh", {"refresh_token": body["refresh_token"]})
    events = log.events()
    assert outcomes(events) == [
        ("sign_up", "ok"),
        ("confirm", "ok"),
        ("sign_in", "ok"),
        ("sign_in", "invalid_credentials"),
        ("sign_out", "ok"),
        ("refresh", "session_expired"),
    ]
    account = Audit(KEYS).pseudonym(script.email)
    assert [event.get("account") for event in events] == [account] * 4 + [None] * 2
    user_id = body["user"]["id"]
    assert [event.get("user") for event in events] == [None, None, user_id, None, user_id, user_id]
    for event in events:
        assert event["client"] == script.client.headers["x-forwarded-for"]
        assert event["request_id"]
        assert event["level"] == "info"


async def test_what_users_change_about_their_account_is_written(script: Visitor, log: Log) -> None:
    user_id = (await script.join())["user"]["id"]
    log.events()
    await script.call("POST", "/auth/password", {"current_password": "Wrong-horse-7", "new_password": NEW})
    await script.call("POST", "/auth/password", {"current_password": PASSWORD, "new_password": NEW})
    secret = (await script.call("POST", "/auth/mfa/totp")).json()["secret"]
    await script.call("POST", "/auth/mfa/totp/verify", {"code": totp(secret)})
    await script.call("DELETE", "/auth/mfa/totp")
    await script.call("GET", "/users/me/export")
    await script.call("DELETE", "/users/me", {"password": NEW})
    events = log.events()
    assert outcomes(events) == [
        ("password_change", "password_wrong"),
        ("password_change", "ok"),
        ("second_factor_added", "ok"),
        ("second_factor_removed", "ok"),
        ("data_exported", "ok"),
        ("account_deleted", "ok"),
    ]
    assert {event["user"] for event in events} == {user_id}


async def test_the_way_back_by_mail_is_written_whoever_has_an_account(script: Visitor, log: Log) -> None:
    await script.join()
    log.events()
    for email in (script.email, new_email()):
        await script.post("resend", {"email": email})
        await script.post("forgot", {"email": email})
    code = script.mails.sent_codes(script.email)[-1]
    for given in ("000000", code):
        await script.post("reset", {"email": script.email, "code": given, "new_password": NEW})
    written = outcomes(log.events())
    assert [event for event, _ in written[:4]] == ["code_asked_again", "password_forgotten"] * 2
    assert written[4:] == [("password_reset", "code_mismatch"), ("password_reset", "ok")]


async def test_what_administrators_do_names_both(script: Visitor, browser: Visitor, pool: UserPool, log: Log) -> None:
    await script.join()
    admin_id = await script.promote(pool)
    user_id = (await browser.join())["user"]["id"]
    log.events()
    for method, act in (("PUT", "groups/admin"), ("DELETE", "groups/admin"), ("POST", "disable"), ("POST", "enable")):
        await script.call(method, f"/users/{user_id}/{act}")
    await script.call("POST", f"/users/{admin_id}/disable")
    events = log.events()
    assert outcomes(events) == [
        ("group_joined", "ok"),
        ("group_left", "ok"),
        ("user_disabled", "ok"),
        ("user_enabled", "ok"),
        ("user_disabled", "not_yourself"),
    ]
    assert [event["by"] for event in events] == [admin_id] * 5
    assert [event["user"] for event in events] == [user_id] * 4 + [admin_id]
    assert [event.get("group") for event in events] == ["admin", "admin", None, None, None]


async def test_a_further_step_and_a_limit_are_outcomes(script: Visitor, pool: UserPool, log: Log) -> None:
    script.mails.client().admin_create_user(
        UserPoolId=pool.id, Username=script.email, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
    )
    step = await script.enter()
    await script.answer(step, new_password=NEW)
    for _ in range(11):
        await script.login("Wrong-horse-7-battery")
    written = outcomes(log.events())
    assert written[:2] == [("sign_in", "NEW_PASSWORD_REQUIRED"), ("sign_in_step", "ok")]
    assert written[-1] == ("sign_in", "too_many_requests")


async def test_no_secret_and_no_address_is_in_any_line(script: Visitor, log: Log) -> None:
    body = await script.join()
    secret = (await script.call("POST", "/auth/mfa/totp")).json()["secret"]
    code = totp(secret)
    await script.call("POST", "/auth/mfa/totp/verify", {"code": code})
    step = await script.enter()
    await script.answer(step, code=code)
    await script.post("forgot", {"email": script.email})
    mailed = script.mails.sent_codes(script.email)[-1]
    await script.post("reset", {"email": script.email, "code": mailed, "new_password": NEW})
    written = log.text
    assert written
    for hidden in (PASSWORD, NEW, script.email, secret, step["session"], body["access_token"], body["refresh_token"]):
        assert hidden[:20] not in written
    assert f'"{mailed}"' not in written
    assert f'"{code}"' not in written
