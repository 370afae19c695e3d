"""The pages behind the sign-in, in a real browser: products, the own account, the users for administrators."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.people import PASSWORD, People, Person, arrive, heading, said, sign_in, warned

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Response

    from tests.support.browser import Watch
    from tests.support.platform import Platform

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("platform")]

NEW_PASSWORD = "Batterystaple8"


@pytest.fixture(scope="module")
def ada(people: People) -> Person:
    return people.signed_up()


@pytest.fixture(scope="module")
def ada_token(people: People, ada: Person) -> str:
    return people.token(ada)


def new_name(kind: str) -> str:
    return f"{kind} {secrets.token_hex(4)}"


def row(tab: Page, text: str) -> Locator:
    return tab.get_by_role("main").get_by_role("list").last.get_by_role("listitem").filter(has_text=text)


def test_a_created_product_is_listed_and_still_there_after_a_reload(tab: Page, ada: Person) -> None:
    name = new_name("Desk lamp")
    arrive(tab, ada, "/products")
    tab.get_by_role("button", name="New product").click()
    tab.get_by_label("Name").fill(name)
    tab.get_by_label("Price").fill("49.90")
    tab.get_by_role("button", name="Create product").click()
    said(tab, f"“{name}” was added.")
    expect(row(tab, name)).to_contain_text("€49.90")
    tab.reload()
    expect(row(tab, name)).to_contain_text("Yours")
    tab.get_by_role("link", name="Dashboard").click()
    expect(tab.get_by_role("region", name="Your products")).to_contain_text(name)


def test_what_is_wrong_with_a_product_is_said_at_its_fields(tab: Page, ada: Person) -> None:
    arrive(tab, ada, "/products")
    tab.get_by_role("button", name="New product").click()
    tab.get_by_label("Price").fill("cheap")
    tab.get_by_role("button", name="Create product").click()
    expect(tab.get_by_label("Name")).to_be_focused()
    expect(tab.get_by_label("Name")).to_have_accessible_description("Enter a name.")
    expect(tab.get_by_label("Price")).to_have_accessible_description("Enter an amount in EUR, such as 12.50.")
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("dialog")).to_have_count(0)
    expect(tab.get_by_role("button", name="New product")).to_be_focused()


def test_more_products_are_loaded_on_demand_and_a_search_narrows_them(
    tab: Page, people: People, ada: Person, ada_token: str
) -> None:
    tag = secrets.token_hex(4)
    for number in range(12):
        people.product(ada_token, f"Cup {tag}-{number}")
    arrive(tab, ada, "/products")
    tab.get_by_role("searchbox", name="Search products").fill(tag)
    expect(tab).to_have_url(f"/products?q={tag}")
    expect(row(tab, tag)).to_have_count(10)
    tab.get_by_role("button", name="Load more").click()
    expect(row(tab, tag)).to_have_count(12)
    expect(row(tab, tag).nth(10)).to_be_focused()
    tab.get_by_role("searchbox").fill(f"{tag}-11")
    expect(row(tab, tag)).to_have_count(1)
    expect(tab.get_by_role("searchbox")).to_be_focused()
    tab.reload()
    expect(row(tab, tag)).to_have_count(1)
    tab.get_by_role("searchbox").fill(f"{tag}-nothing")
    expect(tab.get_by_role("main")).to_contain_text("Nothing matches your search.")


def test_an_own_product_is_changed_and_deleted(tab: Page, people: People, ada: Person, ada_token: str) -> None:
    name = new_name("Chair")
    people.product(ada_token, name)
    arrive(tab, ada, f"/products?q={name.partition(' ')[2]}")
    tab.get_by_role("button", name=f"Edit {name}").click()
    expect(tab.get_by_label("Price")).to_have_value("49.90")
    tab.get_by_label("Price").fill("55")
    tab.get_by_role("button", name="Save changes").click()
    said(tab, f"“{name}” was saved.")
    expect(row(tab, name)).to_contain_text("€55.00")
    tab.get_by_role("button", name=f"Delete {name}").click()
    tab.get_by_role("dialog").get_by_role("button", name="Delete").click()
    said(tab, f"“{name}” was deleted.")
    expect(row(tab, name)).to_have_count(0)


def test_a_product_that_changed_meanwhile_is_not_overwritten_unseen(
    tab: Page, watch: Watch, people: People, ada: Person, ada_token: str
) -> None:
    name = new_name("Table")
    path = f"/api/v1/products/{people.product(ada_token, name)['id']}"
    arrive(tab, ada, f"/products?q={name.partition(' ')[2]}")
    tab.get_by_role("button", name=f"Edit {name}").click()
    tab.get_by_label("Price").fill("1")
    mine = tab.context.request
    headers = {"Authorization": f"Bearer {ada_token}"}
    etag = mine.get(path, headers=headers).headers["etag"]
    changed = mine.patch(path, headers={**headers, "If-Match": etag}, data={"description": "Changed elsewhere"})
    assert changed.ok, changed.text()
    watch.expect(412, path)
    tab.get_by_role("button", name="Save changes").click()
    warned(tab, "Someone else changed this meanwhile.")
    tab.get_by_role("button", name="Save changes").click()
    said(tab, f"“{name}” was saved.")
    expect(row(tab, name)).to_contain_text("€1.00")


def test_a_product_of_somebody_else_can_be_seen_and_not_changed(tab: Page, people: People, ada_token: str) -> None:
    name = new_name("Shelf")
    people.product(ada_token, name)
    arrive(tab, people.signed_up("Grace Hopper"), f"/products?q={name.partition(' ')[2]}")
    expect(row(tab, name)).to_be_visible()
    expect(row(tab, name).get_by_role("button")).to_have_count(0)
    tab.get_by_role("link", name="Yours").click()
    expect(tab.get_by_role("main")).to_contain_text("No products yet.")


def test_another_name_is_shown_at_once_and_kept(tab: Page, people: People) -> None:
    arrive(tab, people.signed_up(), "/account")
    name = tab.get_by_label("Name", exact=True)
    name.fill("  ")
    tab.get_by_role("button", name="Save name").click()
    expect(name).to_have_accessible_description("Enter your name.")
    name.fill("Ada Byron")
    tab.get_by_role("button", name="Save name").click()
    said(tab, "Your name is saved.")
    tab.reload()
    expect(name).to_have_value("Ada Byron")
    tab.get_by_role("link", name="Dashboard").click()
    expect(tab.get_by_role("main")).to_contain_text("Welcome, Ada Byron.")


def test_a_changed_password_is_the_only_one_that_signs_in(tab: Page, watch: Watch, people: People) -> None:
    person = people.signed_up()
    arrive(tab, person, "/account")
    current = tab.get_by_label("Current password", exact=True)
    current.fill("Wronghorse7777")
    tab.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    watch.expect(400, "/api/v1/auth/password")
    tab.get_by_role("button", name="Change password").click()
    expect(current).to_be_focused()
    expect(current).to_have_accessible_description(re.compile("not your current password"))
    current.fill(PASSWORD)
    tab.get_by_role("button", name="Change password").click()
    said(tab, "Your password is changed.")
    expect(current).to_have_value("")
    tab.get_by_role("button", name="Sign out", exact=True).click()
    said(tab, "You have signed out.")
    watch.expect(401, "/api/v1/auth/login")
    sign_in(tab, person)
    warned(tab, "Email or password is incorrect.")
    sign_in(tab, person, NEW_PASSWORD)
    heading(tab, "Dashboard")


def test_everything_kept_about_a_user_can_be_downloaded(tab: Page, people: People, ada: Person, ada_token: str) -> None:
    name = new_name("Globe")
    people.product(ada_token, name)
    arrive(tab, ada, "/account")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download my data").click()
    assert download.value.suggested_filename == "my-data.json"
    kept = download.value.path().read_text()
    json.loads(kept)
    assert ada.email in kept
    assert name in kept


def test_an_account_is_deleted_with_the_password_and_with_everything_in_it(
    tab: Page, watch: Watch, people: People, ada: Person
) -> None:
    person = people.signed_up("Grace Hopper")
    name = new_name("Compiler")
    people.product(people.token(person), name)
    arrive(tab, person, "/account")
    tab.get_by_role("button", name="Delete account").click()
    dialog = tab.get_by_role("dialog", name="Delete your account?")
    dialog.get_by_label("Password", exact=True).fill("Wronghorse7777")
    watch.expect(400, "/api/v1/users/me")
    dialog.get_by_role("button", name="Delete for ever").click()
    expect(dialog.get_by_label("Password", exact=True)).to_have_accessible_description(re.compile("not your"))
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Delete for ever").click()
    said(tab, "Your account and everything in it is deleted.")
    watch.expect(401, "/api/v1/auth/login")
    sign_in(tab, person)
    warned(tab, "Email or password is incorrect.")
    arrive(tab, ada, f"/products?q={name.partition(' ')[2]}")
    expect(tab.get_by_role("main")).to_contain_text("Nothing matches your search.")


def test_an_administrator_finds_disables_and_promotes_a_user(tab: Page, watch: Watch, people: People) -> None:
    person = people.signed_up("Grace Hopper")
    people.token(person)  # whoever has never signed in is not listed
    arrive(tab, people.admin(), "/dashboard")
    tab.get_by_role("link", name="Users").click()
    tab.get_by_role("searchbox", name="Search users").fill(person.email)
    grace = row(tab, person.email)
    grace.get_by_role("button", name="Disable").click()
    expect(grace).to_contain_text("disabled")
    grace.get_by_role("button", name="Enable").click()
    expect(grace).not_to_contain_text("disabled")
    grace.get_by_role("button", name="Make admin").click()
    expect(grace.get_by_text("admin", exact=True)).to_be_visible()
    tab.reload()
    expect(grace.get_by_text("admin", exact=True)).to_be_visible()
    grace.get_by_role("button", name="Remove admin").click()
    expect(grace.get_by_text("admin", exact=True)).to_have_count(0)


def test_a_disabled_user_cannot_sign_in(tab: Page, watch: Watch, people: People) -> None:
    person = people.signed_up("Grace Hopper")
    people.pool.admin_disable_user(UserPoolId=people.pool_id, Username=person.email)
    watch.expect(401, "/api/v1/auth/login")
    sign_in(tab, person)
    warned(tab, "Email or password is incorrect.")


def test_administrators_do_not_see_how_to_lock_themselves_out(tab: Page, people: People) -> None:
    admin = people.admin()
    arrive(tab, admin, f"/users?q={admin.email}")
    expect(row(tab, admin.email)).to_contain_text("you")
    expect(row(tab, admin.email).get_by_role("button")).to_have_count(0)


def test_for_everyone_else_there_is_no_page_of_users(tab: Page, ada: Person) -> None:
    arrive(tab, ada)
    expect(tab.get_by_role("link", name="Users")).to_have_count(0)
    tab.goto("/users")
    heading(tab, "Page not found")


def test_an_address_without_a_page_says_so(tab: Page) -> None:
    tab.goto("/no/such/page")
    heading(tab, "Page not found")
    expect(tab).to_have_title(re.compile("^Page not found"))
    tab.get_by_role("link", name="Go to the start page").click()
    expect(tab).to_have_url("/login")


def test_everything_comes_from_one_origin_and_scripts_come_compressed_to_be_kept(tab: Page, platform: Platform) -> None:
    answers: list[Response] = []

    def hear(answer: Response) -> None:
        answers.append(answer)

    tab.on("response", hear)
    tab.goto("/login", wait_until="networkidle")
    assert {answer.url.startswith(f"{platform.url}/") for answer in answers} == {True}
    expect(tab.get_by_role("banner")).to_have_count(1)
    (script,) = [answer for answer in answers if answer.url.endswith(".js")]
    assert script.header_value("content-encoding") == "br"
    assert "immutable" in (script.header_value("cache-control") or "")
    assert answers[0].header_value("cache-control") == "no-cache"


def test_text_twice_as_large_fits_the_page(tab: Page, ada: Person) -> None:
    tab.set_viewport_size({"width": 1280, "height": 800})
    arrive(tab, ada, "/account")
    tab.evaluate("document.documentElement.style.fontSize = '200%'")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 1280


@pytest.mark.parametrize("page", ["/products", "/account", "/users", "/signup", "/reset"])
def test_no_page_needs_scrolling_sideways_on_the_narrowest_screen(tab: Page, people: People, page: str) -> None:
    tab.set_viewport_size({"width": 320, "height": 640})
    if page in {"/signup", "/reset"}:
        tab.goto(page)
    else:
        arrive(tab, people.admin(), page)
    expect(tab.get_by_role("heading", level=1)).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320
