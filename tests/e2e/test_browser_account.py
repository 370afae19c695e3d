"""The own account, and the users for administrators, in a real browser."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.people import PASSWORD, People, Person, arrive, heading, new_name, row, said, sign_in, warned

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.browser import Watch

pytestmark = pytest.mark.browser

NEW_PASSWORD = "Batterystaple8"


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
