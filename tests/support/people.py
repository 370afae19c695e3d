"""People who use the web app in end-to-end tests: made through the API, seen through the browser."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
import httpx
from botocore.config import Config
from playwright.sync_api import expect

from scripts.local.state import read_json

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from playwright.sync_api import Locator, Page

    from tests.support.platform import Platform

PASSWORD = "Correcthorse7"
"""Meets the rules that the sign-up page shows, and not one more."""


@dataclass(frozen=True)
class Person:
    """Someone with an account, or about to have one; `email` is unlike any other's."""

    name: str
    email: str


def new_person(name: str = "Ada King") -> Person:
    """Nobody has met them before."""
    return Person(name, f"{name.partition(' ')[0].lower()}-{secrets.token_hex(4)}@example.com")


@dataclass(frozen=True)
class People:
    """Makes accounts, and does as an administrator of the pool does."""

    platform: Platform

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        return read_json(self.platform.state_dir / "outputs.json")

    @property
    def pool_id(self) -> str:
        """The user pool that the platform uses."""
        pool: str = self.outputs["cognito_user_pool_id"]
        return pool

    @cached_property
    def pool(self) -> CognitoIdentityProviderClient:
        """The user pool, with an administrator's rights."""
        return boto3.client(
            "cognito-idp",
            endpoint_url=read_json(self.platform.state_dir / "run.json")["cognito_url"],
            region_name=self.outputs["region"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, proxies={}),
        )

    def post(self, path: str, body: dict[str, Any], token: str = "") -> httpx.Response:
        """A call of the API as a program makes it."""
        headers = {"X-Session": "body"} | ({"Authorization": f"Bearer {token}"} if token else {})
        answer = httpx.post(f"{self.platform.url}/api/v1{path}", json=body, headers=headers, timeout=20)
        return answer.raise_for_status()

    def signed_up(self, name: str = "Ada King") -> Person:
        """A confirmed user."""
        person = new_person(name)
        self.post("/auth/signup", {"email": person.email, "password": PASSWORD, "name": person.name})
        self.post("/auth/confirm", {"email": person.email, "code": self.platform.mail(person.email)})
        return person

    def admin(self, name: str = "Alan Turing") -> Person:
        """A confirmed user in the group `admin`."""
        person = self.signed_up(name)
        self.pool.admin_add_user_to_group(UserPoolId=self.pool_id, Username=person.email, GroupName="admin")
        return person

    def token(self, person: Person) -> str:
        """An access token of theirs."""
        token: str = self.post("/auth/login", {"email": person.email, "password": PASSWORD}).json()["access_token"]
        return token

    def product(self, token: str, name: str, price_minor: int = 4990) -> dict[str, Any]:
        """A product of whoever the token names."""
        product: dict[str, Any] = self.post(
            "/products", {"name": name, "price_minor": price_minor, "currency": "EUR"}, token
        ).json()
        return product


def sign_in(tab: Page, person: Person, password: str = PASSWORD, at: str = "/login") -> None:
    """Fill in the sign-in page and send it."""
    tab.goto(at)
    tab.get_by_label("Email").fill(person.email)
    tab.get_by_label("Password", exact=True).fill(password)
    tab.get_by_role("button", name="Sign in").click()


def arrive(tab: Page, person: Person, page: str = "/dashboard") -> None:
    """Sign in and be on the page."""
    sign_in(tab, person, at=f"/login?next={page}")
    heading(tab, page.strip("/").partition("?")[0].capitalize())


def heading(tab: Page, title: str) -> None:
    """Be on the page with this title, and have what it loads."""
    expect(tab.get_by_role("heading", name=title, level=1)).to_be_visible()
    expect(tab.locator(".skeleton")).to_have_count(0)


def said(tab: Page, sentence: str) -> None:
    """The page tells, where a screen reader notices."""
    expect(tab.get_by_role("status").filter(has_text=sentence)).to_be_visible()


def warned(tab: Page, sentence: str) -> None:
    """The page warns, where a screen reader notices at once."""
    expect(tab.get_by_role("alert").filter(has_text=sentence)).to_be_visible()


def new_name(kind: str) -> str:
    """The name of a product, unlike any other's."""
    return f"{kind} {secrets.token_hex(4)}"


def row(tab: Page, text: str) -> Locator:
    """The rows with the text, in the list that the page is about."""
    return tab.get_by_role("main").get_by_role("list").last.get_by_role("listitem").filter(has_text=text)
