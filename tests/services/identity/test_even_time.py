"""The time of an answer tells nothing about what the pool found."""

from __future__ import annotations

import time

import pytest

from services.identity.app import create
from services.identity.attempts import FORGOT, KINDS, RESEND, SIGN_IN, SIGN_UP
from services.identity.settings import Settings
from tests.services.identity.conftest import BODY, PASSWORD, Visitor, new_email
from tests.support.applications import client_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACE = 0.5
"""Half of the real steps, which are still far above what the emulator takes."""


@pytest.mark.parametrize(
    ("path", "step", "more"),
    [
        ("login", SIGN_IN.step, {"password": "Wrong-horse-7-battery"}),
        ("signup", SIGN_UP.step, {"password": PASSWORD, "name": "Ada"}),
        ("forgot", FORGOT.step, {}),
        ("resend", RESEND.step, {}),
    ],
)
async def test_known_and_unknown_addresses_are_answered_after_whole_steps(
    script: Visitor, settings: Settings, path: str, step: float, more: dict[str, str]
) -> None:
    await script.join()
    async with client_of(create(settings, pace=PACE)) as client:
        for email in (script.email, new_email()):
            started = time.monotonic()
            await client.post(f"/api/v1/auth/{path}", json={"email": email, **more}, headers=BODY)
            taken = time.monotonic() - started
            assert taken >= PACE * step


async def test_the_right_password_waits_for_nothing(script: Visitor, settings: Settings) -> None:
    await script.join()
    async with client_of(create(settings, pace=100)) as client:
        given = {"email": script.email, "password": PASSWORD}
        started = time.monotonic()
        assert (await client.post("/api/v1/auth/login", json=given, headers=BODY)).status_code == 200
        assert time.monotonic() - started < 100 * SIGN_IN.step / 2


async def test_whatever_could_tell_has_a_step() -> None:
    untold = {kind.event for kind in KINDS if not kind.step}
    assert untold == {"sign_in_step", "password_change", "second_factor_added", "account_deleted"}  # proven already
