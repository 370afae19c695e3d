"""The web app as people use it: a real browser, the whole platform."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.browser import Watch
    from tests.support.platform import Platform

pytestmark = pytest.mark.browser

PASSWORD = "Correcthorse7"
"""Meets the rules that the sign-up page shows, and not one more."""
LOGIN = "/api/v1/auth/login"


@dataclass(frozen=True)
class Person:
    """Someone who signs up; `name` is unlike any other's."""

    name: str
    email: str


def new_person() -> Person:
    tag = secrets.token_hex(4)
    return Person(f"Ada {tag}", f"ada-{tag}@example.com")


@pytest.fixture(scope="module")
def ada(platform: Platform) -> Person:
    """A confirmed user."""
    person = new_person()
    with httpx.Client(base_url=f"{platform.url}/api/v1/auth", headers={"X-Session": "body"}, timeout=20) as api:
        account = {"email": person.email, "password": PASSWORD, "name": person.name}
        api.post("/signup", json=account).raise_for_status()
        code = platform.mail(person.email)
        api.post("/confirm", json={"email": person.email, "code": code}).raise_for_status()
    return person


def sign_up(tab: Page, person: Person) -> None:
    tab.goto("/signup")
    tab.get_by_label("Name").fill(person.name)
    tab.get_by_label("Email").fill(person.email)
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Create account").click()
    expect(tab.get_by_role("heading", name="Confirm your email")).to_be_focused()


def enter_code(tab: Page, code: str) -> None:
    tab.get_by_label("Code").fill(code)
    tab.get_by_role("button", name="Confirm").click()


def sign_in(tab: Page, person: Person, password: str = PASSWORD, at: str = "/login") -> None:
    tab.goto(at)
    tab.get_by_label("Email").fill(person.email)
    tab.get_by_label("Password", exact=True).fill(password)
    tab.get_by_role("button", name="Sign in").click()


def dashboard(tab: Page) -> None:
    expect(tab.get_by_role("heading", name="Dashboard")).to_be_visible()


def test_a_new_user_signs_up_confirms_by_mail_and_is_signed_in(tab: Page, platform: Platform) -> None:
    person = new_person()
    sign_up(tab, person)
    enter_code(tab, platform.mail(person.email))
    dashboard(tab)
    expect(tab).to_have_url("/dashboard")
    expect(tab).to_have_title(re.compile("^Dashboard"))
    expect(tab.get_by_role("region", name="Your account")).to_contain_text(person.email)


def test_a_created_product_is_listed_and_still_there_after_a_reload(tab: Page, ada: Person) -> None:
    name = f"Desk lamp {secrets.token_hex(4)}"
    sign_in(tab, ada)
    tab.get_by_role("button", name="New product").click()
    tab.get_by_label("Name").fill(name)
    tab.get_by_label("Price").fill("49.90")
    tab.get_by_role("button", name="Create product").click()
    expect(tab.get_by_role("status").filter(has_text=f"“{name}” was added.")).to_be_visible()
    row = tab.get_by_role("listitem").filter(has_text=name)
    expect(row).to_contain_text("€49.90")
    tab.reload()
    expect(row).to_contain_text("Yours")


def test_what_is_wrong_with_a_product_is_said_at_its_fields(tab: Page, ada: Person) -> None:
    sign_in(tab, ada)
    tab.get_by_role("button", name="New product").click()
    tab.get_by_label("Price").fill("cheap")
    tab.get_by_role("button", name="Create product").click()
    expect(tab.get_by_label("Name")).to_be_focused()
    expect(tab.get_by_label("Name")).to_have_accessible_description("Enter a name.")
    expect(tab.get_by_label("Price")).to_have_accessible_description("Enter an amount in EUR, such as 12.50.")


def test_more_products_are_loaded_on_demand(tab: Page, platform: Platform, ada: Person) -> None:
    tag = secrets.token_hex(4)
    with httpx.Client(base_url=f"{platform.url}/api/v1", headers={"X-Session": "body"}, timeout=20) as api:
        account = {"email": ada.email, "password": PASSWORD}
        token = api.post("/auth/login", json=account).raise_for_status().json()["access_token"]
        for number in range(12):
            product = {"name": f"Cup {tag}-{number}", "price_minor": 100 * number, "currency": "EUR"}
            api.post("/products", json=product, headers={"Authorization": f"Bearer {token}"}).raise_for_status()
    sign_in(tab, ada)
    cups = tab.get_by_role("listitem").filter(has_text=tag)
    expect(cups).to_have_count(10)
    tab.get_by_role("button", name="Load more").click()
    expect(cups).to_have_count(12)
    expect(cups.nth(10)).to_be_focused()


def test_a_reload_keeps_the_session_without_a_glimpse_of_the_sign_in_page(tab: Page, ada: Person) -> None:
    sign_in(tab, ada)
    dashboard(tab)
    visited: list[str] = []
    tab.on("framenavigated", lambda frame: visited.append(frame.url))
    tab.reload()
    dashboard(tab)
    assert [url for url in visited if "/login" in url] == []


def test_after_signing_out_a_guarded_page_asks_to_sign_in_and_leads_back(tab: Page, ada: Person) -> None:
    sign_in(tab, ada)
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_role("status")).to_contain_text("You have signed out.")
    tab.goto("/dashboard?from=mail")
    expect(tab).to_have_url("/login?next=%2Fdashboard%3Ffrom%3Dmail")
    sign_in(tab, ada, at=tab.url)
    expect(tab).to_have_url("/dashboard?from=mail")
    dashboard(tab)


def test_a_session_that_has_ended_asks_to_sign_in_again_and_leads_back(tab: Page, watch: Watch, ada: Person) -> None:
    sign_in(tab, ada)
    dashboard(tab)
    tab.context.clear_cookies()
    watch.expect(401, "/api/v1/auth/refresh")
    tab.reload()
    expect(tab.get_by_role("status")).to_contain_text("Your session has ended.")
    expect(tab).to_have_url("/login?next=%2Fdashboard")


def test_signing_out_in_one_tab_signs_out_the_other(open_tab: Callable[[], Page], ada: Person) -> None:
    first = open_tab()
    sign_in(first, ada)
    dashboard(first)
    second = open_tab()
    second.goto("/dashboard")
    dashboard(second)
    first.bring_to_front()
    first.get_by_role("button", name="Sign out").click()
    expect(second.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_sign_out_without_a_connection_says_so_and_keeps_the_session(tab: Page, watch: Watch, ada: Person) -> None:
    sign_in(tab, ada)
    dashboard(tab)
    tab.context.set_offline(True)
    watch.expect("net::ERR_INTERNET_DISCONNECTED", "/api/v1/auth/logout")
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_role("alert").filter(has_text="You are still signed in.")).to_be_visible()
    tab.context.set_offline(False)
    tab.reload()
    dashboard(tab)


def test_a_wrong_password_is_told_in_a_sentence(tab: Page, watch: Watch, ada: Person) -> None:
    watch.expect(401, LOGIN)
    sign_in(tab, ada, password="Wronghorse7777")
    expect(tab.get_by_role("alert")).to_have_text("Email or password is incorrect.")


def test_a_wrong_code_is_told_in_a_sentence(tab: Page, watch: Watch, platform: Platform) -> None:
    person = new_person()
    sign_up(tab, person)
    watch.expect(400, "/api/v1/auth/confirm")
    enter_code(tab, "000000" if platform.mail(person.email) != "000000" else "111111")
    alert = tab.get_by_role("alert").filter(has_text="That code is wrong or has expired.")
    expect(alert).to_be_visible()


def test_signing_in_before_confirming_leads_to_the_confirmation(tab: Page, watch: Watch, platform: Platform) -> None:
    person = new_person()
    sign_up(tab, person)
    watch.expect(403, LOGIN)
    sign_in(tab, person)
    expect(tab.get_by_role("heading", name="Confirm your email")).to_be_visible()
    expect(tab.get_by_role("main")).to_contain_text(person.email)
    tab.get_by_role("button", name="Send a new code").click()
    expect(tab.get_by_role("status")).to_contain_text("A new code is on its way.")
    enter_code(tab, platform.mail(person.email))
    dashboard(tab)


def test_no_script_can_find_a_token_or_the_session_cookie(tab: Page, ada: Person) -> None:
    sign_in(tab, ada)
    dashboard(tab)
    kept = tab.evaluate("""
        async () => [{...localStorage}, {...sessionStorage}, document.cookie, await indexedDB.databases()]
    """)
    assert kept == [{"hasSession": "1"}, {}, "", []]
    (session,) = tab.context.cookies()
    assert (session["path"], session["httpOnly"], session["secure"]) == ("/api/v1/auth", True, True)
    assert session["sameSite"] == "Strict"


def test_an_address_without_a_page_says_so(tab: Page) -> None:
    tab.goto("/no/such/page")
    expect(tab.get_by_role("heading", name="Page not found")).to_be_visible()
    tab.get_by_role("link", name="Go to the start page").click()
    expect(tab).to_have_url("/login")
