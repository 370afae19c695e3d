"""What holds for every page, in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.people import People, Person, arrive, heading

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response

    from tests.support.browser import Watch
    from tests.support.platform import Platform

pytestmark = pytest.mark.browser


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


def test_no_text_becomes_markup_or_script_and_the_watch_hears_whoever_tries(tab: Page, watch: Watch) -> None:
    tab.goto("/login")
    with tab.expect_console_message(lambda message: "TrustedHTML" in message.text):
        refused = tab.evaluate("() => { try { document.body.innerHTML = '<b>' } catch (error) { return error.name } }")
    assert refused == "TypeError"
    assert [complaint for complaint in watch.complaints if "TrustedHTML" in complaint] == watch.complaints != []
    watch.complaints.clear()


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
