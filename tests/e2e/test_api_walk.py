"""The whole platform over HTTP, as a program that is no browser uses it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.platform import Platform

PASSWORD = "Correct-horse-7-battery"


@dataclass(frozen=True)
class Person:
    """A confirmed user, signed in."""

    email: str
    access_token: str
    refresh_token: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}


@pytest.fixture(scope="module")
def api(platform: Platform) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{platform.url}/api/v1", headers={"X-Session": "body"}, timeout=20) as client:
        yield client


def new_email() -> str:
    return f"{secrets.token_hex(6)}@example.com"


def sign_up(api: httpx.Client, email: str) -> None:
    answer = api.post("auth/signup", json={"email": email, "password": PASSWORD, "name": "Ada Lovelace"})
    assert answer.status_code == 201, answer.text


def sign_in(api: httpx.Client, email: str, password: str = PASSWORD) -> httpx.Response:
    return api.post("auth/login", json={"email": email, "password": password})


@pytest.fixture(scope="module")
def ada(api: httpx.Client, platform: Platform) -> Person:
    email = new_email()
    sign_up(api, email)
    assert api.post("auth/confirm", json={"email": email, "code": platform.mail(email)}).status_code == 204
    tokens = sign_in(api, email).json()
    return Person(email, tokens["access_token"], tokens["refresh_token"])


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and stable code of a refusal, which must be a problem document (RFC 9457)."""
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["request_id"]
    return answer.status_code, problem["code"]


def appears_in(log: Path, text: str) -> None:
    """A line is written after its answer: wait a moment for it."""
    deadline = time.monotonic() + 5
    while text not in log.read_text():
        assert time.monotonic() < deadline, f"{log.name} never says {text}"
        time.sleep(0.05)


def test_a_signed_in_user_sees_themselves(api: httpx.Client, ada: Person) -> None:
    me = api.get("users/me", headers=ada.bearer).json()
    assert (me["email"], me["name"], me["groups"]) == (ada.email, "Ada Lovelace", [])


def test_a_created_product_is_listed(api: httpx.Client, ada: Person) -> None:
    wanted = {"name": "Lamp", "description": "Warm light", "price_minor": 4900, "currency": "EUR"}
    created = api.post("products", json=wanted, headers=ada.bearer)
    assert created.status_code == 201, created.text
    listed = api.get("products", headers=ada.bearer).json()["items"]
    assert created.json() in listed
    assert created.json().items() >= wanted.items()


def test_a_refreshed_session_goes_on(api: httpx.Client, ada: Person) -> None:
    fresh = api.post("auth/refresh", json={"refresh_token": ada.refresh_token}).json()
    bearer = {"Authorization": f"Bearer {fresh['access_token']}"}
    assert api.get("users/me", headers=bearer).status_code == 200


def test_after_signing_out_the_session_cannot_be_refreshed(api: httpx.Client, platform: Platform) -> None:
    email = new_email()
    sign_up(api, email)
    api.post("auth/confirm", json={"email": email, "code": platform.mail(email)})
    refresh_token = sign_in(api, email).json()["refresh_token"]
    assert api.post("auth/logout", json={"refresh_token": refresh_token}).status_code == 204
    assert code_of(api.post("auth/refresh", json={"refresh_token": refresh_token}))[0] == 401


def test_a_request_without_a_token_is_refused(api: httpx.Client) -> None:
    answer = api.get("products")
    assert code_of(answer) == (401, "token_missing")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_tampered_token_is_refused(api: httpx.Client, ada: Person) -> None:
    head, payload, signature = ada.access_token.split(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    bearer = {"Authorization": f"Bearer {head}.{payload}.{flipped}"}
    assert code_of(api.get("products", headers=bearer)) == (401, "signature_invalid")


def test_a_wrong_password_is_refused(api: httpx.Client, ada: Person) -> None:
    assert code_of(sign_in(api, ada.email, "Wrong-horse-7-battery")) == (401, "invalid_credentials")


def test_an_unknown_user_is_answered_like_a_wrong_password(api: httpx.Client) -> None:
    assert code_of(sign_in(api, new_email())) == (401, "invalid_credentials")


def test_a_wrong_code_is_refused(api: httpx.Client, platform: Platform) -> None:
    email = new_email()
    sign_up(api, email)
    wrong = "000000" if platform.mail(email) != "000000" else "111111"
    assert code_of(api.post("auth/confirm", json={"email": email, "code": wrong})) == (400, "code_mismatch")


def test_the_edge_hides_health_and_metrics(platform: Platform) -> None:
    for path in ("/health", "/health/ready", "/metrics"):
        assert httpx.get(f"{platform.url}{path}").status_code == 404


def test_the_request_id_crosses_the_services(api: httpx.Client, ada: Person, platform: Platform) -> None:
    request_id = f"walk-{secrets.token_hex(4)}"
    answer = api.get("products", headers={**ada.bearer, "X-Request-ID": request_id})
    assert answer.headers["x-request-id"] == request_id
    for service in ("gateway", "data"):
        appears_in(platform.state_dir / "logs" / f"{service}.log", request_id)


def test_the_api_is_described_in_one_document(api: httpx.Client) -> None:
    paths = api.get("openapi.json").json()["paths"]
    assert {"/api/v1/auth/login", "/api/v1/users/me", "/api/v1/products"} <= set(paths)


def test_the_web_app_and_its_configuration_are_served(platform: Platform) -> None:
    page = httpx.get(f"{platform.url}/sign-in-or-any-page")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert httpx.get(f"{platform.url}/config.json").json()["environment"] == "local"
