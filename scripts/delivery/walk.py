"""A walk through a deployed platform, as a program that is no browser takes it, by its public address alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from scripts.delivery.throwaway import Pool, Throwaway
from scripts.delivery.totp import Authenticator

PRODUCT = {"name": "Smoke test", "description": "Gone in a moment", "price_minor": 100, "currency": "EUR"}

REVOKED_WITHIN_S = 60
"""By then every task of every service has heard of a sign-out: they ask for the list every few seconds."""

DELETE_USER = "delete the user"
"""The last step of cleaning up: after it nobody is left in the pool."""

_PAUSE_S = 1


class StepError(Exception):
    """The platform answered otherwise than it must, or not at all; the text says what was asked and what came."""


def expect(answer: httpx.Response, status: int) -> Any:
    """The answer's JSON, None without one; StepError where it has another status or cannot be read."""
    if answer.status_code != status:
        raise StepError(f"{_asked(answer)} answered {answer.status_code}{_problem(answer)}, expected {status}")
    if not answer.content:
        return None
    try:
        return answer.json()
    except ValueError as error:
        kind = answer.headers.get("content-type", "no content type")
        raise StepError(f"{_asked(answer)} answered {status} with {kind} instead of JSON") from error


def member(answer: httpx.Response, content: Any, name: str) -> Any:
    """A member of an answer; StepError where it has none."""
    if not isinstance(content, dict) or name not in content:
        raise StepError(f"{_asked(answer)} answered without {name}")
    return content[name]


@dataclass
class Walk:
    """The steps in order, each of which needs those before it. `wait_s`: how long the address may take to answer."""

    url: str
    pool: Pool
    user: Throwaway
    wait_s: float
    revoked_within_s: float = REVOKED_WITHIN_S
    _client: httpx.Client = field(init=False)
    _access: str = ""
    _refresh: str = ""
    _product: str = ""
    _user_made: bool = False
    _app: Authenticator | None = None

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=f"{self.url}/api/v1/", headers={"X-Session": "body"}, timeout=20)

    def steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What is tried, by name."""
        yield "reach the web app", self.reach
        yield "make a user", self.make_user
        yield "sign in", self.sign_in
        yield "see oneself", self.see_oneself
        yield "create a product", self.create_product
        yield "get the product", self.get_product
        yield "list products", self.list_products
        yield "delete the product", self.delete_product
        yield "be refused without a token", self.be_refused_without_a_token
        yield "be refused with a tampered token", self.be_refused_with_a_tampered_token
        yield "refresh the session", self.refresh_the_session
        yield "sign out", self.sign_out
        yield "be refused after signing out", self.be_refused_after_signing_out

    def reach(self) -> None:
        """The address answers with the web app; a new one may take a while until it is known everywhere."""
        deadline = time.monotonic() + self.wait_s
        while True:
            try:
                answer = self._client.get(self.url)
                if answer.status_code < 500 or time.monotonic() > deadline:
                    break
            except httpx.TransportError as error:
                if time.monotonic() > deadline:
                    raise StepError(f"{self.url} does not answer: {error or type(error).__name__}") from error
            time.sleep(_PAUSE_S)
        if answer.status_code != 200 or "text/html" not in answer.headers.get("content-type", ""):
            raise StepError(f"{self.url} answered {answer.status_code}, expected 200 and a page")

    def make_user(self) -> None:
        """Through the pool's admin API: sign-up proper would need somebody to read a mail."""
        self._user_made = True  # whatever comes of it
        self.pool.create(self.user)

    def sign_in(self) -> None:
        """By password, and by a code of an app if the pool asks everybody for one."""
        given = {"email": self.user.email, "password": self.user.password}
        answer = self._client.post("auth/login", json=given)
        content = expect(answer, 200)
        if isinstance(content, dict) and content.get("challenge") in ("MFA_SETUP", "SOFTWARE_TOKEN_MFA"):
            if self._app is None:
                self._app = Authenticator(member(answer, content, "secret"))
            given = {"session": content["session"], "code": self._app.code()}
            answer = self._client.post("auth/challenge", json=given)
            content = expect(answer, 200)
        self._access = member(answer, content, "access_token")
        self._refresh = member(answer, content, "refresh_token")

    def see_oneself(self) -> None:
        """The token is one's own."""
        answer = self._get("users/me")
        if member(answer, expect(answer, 200), "email") != self.user.email:
            raise StepError(f"{_asked(answer)} answered with somebody else")

    def create_product(self) -> None:
        """One that says what it is."""
        answer = self._client.post("products", json=PRODUCT, headers=self._bearer)
        self._product = str(member(answer, expect(answer, 201), "id"))

    def get_product(self) -> None:
        """It is as it was given."""
        answer = self._get(f"products/{self._product}")
        content = expect(answer, 200)
        for name, value in PRODUCT.items():
            if member(answer, content, name) != value:
                raise StepError(f"{_asked(answer)} answered with another {name}")

    def list_products(self) -> None:
        """It is the newest of the list."""
        answer = self._get("products")
        items = member(answer, expect(answer, 200), "items")
        if self._product not in [item.get("id") for item in items]:
            raise StepError(f"{_asked(answer)} does not list the product that was just created")

    def delete_product(self) -> None:
        """It is gone then."""
        expect(self._client.delete(f"products/{self._product}", headers=self._bearer), 204)
        expect(self._get(f"products/{self._product}"), 404)
        self._product = ""

    def be_refused_without_a_token(self) -> None:
        """Nothing is open that should not be."""
        for path in ("users/me", "products"):
            expect(self._client.get(path), 401)

    def be_refused_with_a_tampered_token(self) -> None:
        """The signature is looked at, by each service."""
        head, payload, signature = self._access.split(".")
        tampered = f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
        for path in ("users/me", "products"):
            expect(self._client.get(path, headers={"Authorization": f"Bearer {tampered}"}), 401)

    def refresh_the_session(self) -> None:
        """The new token is good."""
        answer = self._client.post("auth/refresh", json={"refresh_token": self._refresh})
        content = expect(answer, 200)
        self._access = member(answer, content, "access_token")
        self._refresh = content.get("refresh_token") or self._refresh
        expect(self._get("users/me"), 200)

    def sign_out(self) -> None:
        """Here."""
        expect(self._client.post("auth/logout", json={"refresh_token": self._refresh}), 204)

    def be_refused_after_signing_out(self) -> None:
        """The session is over at once; its access token soon is, at each service."""
        expect(self._client.post("auth/refresh", json={"refresh_token": self._refresh}), 401)
        deadline = time.monotonic() + self.revoked_within_s
        for path in ("users/me", "products"):
            while (answer := self._get(path)).status_code == 200 and time.monotonic() < deadline:
                time.sleep(_PAUSE_S)
            expect(answer, 401)

    def clean_up(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What must be gone in the end, however far the walk came."""
        if self._user_made:
            yield "delete the account", self._delete_account
            yield DELETE_USER, self._delete_user
        yield "hang up", self._client.close

    def _delete_account(self) -> None:
        """By the platform itself, which takes products and rows along."""
        self.sign_in()
        answer = self._client.request("DELETE", "users/me", json={"password": self.user.password}, headers=self._bearer)
        expect(answer, 204)

    def _delete_user(self) -> None:
        """By the pool, should the platform not have done it."""
        self.pool.delete(self.user)

    @property
    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._access}"}

    def _get(self, path: str) -> httpx.Response:
        return self._client.get(path, headers=self._bearer)


def _asked(answer: httpx.Response) -> str:
    return f"{answer.request.method} {answer.request.url.path}"


def _problem(answer: httpx.Response) -> str:
    """The code and the request's id of a problem document (RFC 9457), by which the logs find it."""
    try:
        content = answer.json()
        return f" ({content['code']}, request {content['request_id']})"
    except (ValueError, KeyError, TypeError):
        return ""
