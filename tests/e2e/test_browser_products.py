"""Products in a real browser: listed, searched, created, changed and deleted."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.people import People, Person, arrive, new_name, row, said, warned

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.browser import Watch

pytestmark = pytest.mark.browser


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
