"""How every page looks and reads: accessible in both themes, and pictured in docs/screenshots when asked to.

`SCREENSHOTS=1 .venv/bin/python -m pytest tests/e2e/test_browser_look.py` takes the pictures anew.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, Protocol

import pytest
from playwright.sync_api import expect

from scripts.local.state import REPOSITORY
from tests.support.people import PASSWORD, People, Person, arrive, heading
from tests.support.totp import totp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, ViewportSize

    from tests.support.browser import Watch
    from tests.support.platform import Platform

pytestmark = pytest.mark.browser

AXE = REPOSITORY / "services/frontend/web/node_modules/axe-core/axe.min.js"
SCREENSHOTS = REPOSITORY / "docs/screenshots"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENS: dict[str, ViewportSize] = {"desktop": {"width": 1040, "height": 680}, "phone": {"width": 375, "height": 720}}
GOODS = {
    "Desk lamp": ("Warm light, dimmable, with a brass base.", 4990, "EUR"),
    "Standing desk": ("Solid oak top and two quiet motors.", 64900, "EUR"),
    "Notebook": ("Dotted, 160 pages, lies flat.", 1450, "GBP"),
    "Monitor arm": ("Holds up to 9 kg and never sinks.", 8900, "USD"),
    "Fountain pen": ("", 12000, "JPY"),
}


Theme = Literal["light", "dark"]


class Look(Protocol):
    """Looks at the page of this name."""

    def __call__(self, name: str, *, picture: bool = True) -> None: ...


@pytest.fixture(scope="module")
def admin(people: People) -> Person:
    """An administrator with a few products."""
    person = people.admin("Ada Lovelace")
    token = people.token(person)
    for name, (description, price_minor, currency) in GOODS.items():
        product = {"name": name, "description": description, "price_minor": price_minor, "currency": currency}
        people.post("/products", product, token)
    return person


@pytest.fixture(scope="module")
def secured(people: People) -> Person:
    """A user whose sign-in has a second step."""
    person = people.signed_up("Grace Hopper")
    token = people.token(person)
    secret = people.post("/auth/mfa/totp", {}, token).json()["secret"]
    people.post("/auth/mfa/totp/verify", {"code": totp(secret)}, token)
    return person


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> Theme:
    theme: Theme = request.param
    return theme


@pytest.fixture
def tab(platform: Platform, chromium: Browser, watch: Watch, theme: Theme) -> Iterator[Page]:
    """A tab in the theme. The policy of the app is set aside, for axe alone: all other tests keep to it."""
    context = chromium.new_context(
        base_url=platform.url, locale="en-GB", color_scheme=theme, bypass_csp=True, reduced_motion="reduce"
    )
    tab = context.new_page()
    tab.on("console", watch.hear)
    tab.on("pageerror", lambda error: watch.complaints.append(f"uncaught: {error}"))
    yield tab
    context.close()
    watch.verify()


@pytest.fixture
def look(tab: Page, theme: Theme) -> Look:
    """Judges what the tab shows, the light theme on a desktop and the dark one on a phone; takes pictures if asked."""

    def look_at(name: str, *, picture: bool = True) -> None:
        expect(tab.locator(".skeleton, .spinner")).to_have_count(0)
        for screen, size in SCREENS.items() if picture and "SCREENSHOTS" in os.environ else ():
            show(tab, size)
            tab.screenshot(path=SCREENSHOTS / f"{name}-{screen}-{theme}.png", animations="disabled", caret="hide")
        show(tab, SCREENS["desktop" if theme == "light" else "phone"])
        assert findings(tab) == [], f"{name}, {theme}"

    return look_at


def show(tab: Page, size: ViewportSize) -> None:
    """The top of the page: what lies half below the bar would be a small target to axe."""
    tab.set_viewport_size(size)
    tab.evaluate("scrollTo(0, 0)")


def findings(tab: Page) -> list[str]:
    """What axe has against the page."""
    if not tab.evaluate("'axe' in window"):
        tab.add_script_tag(path=AXE)
    found: list[str] = tab.evaluate(
        """async (tags) => {
            const open = document.querySelector("dialog[open]");  // makes all else inert
            const { violations } = await axe.run(open ?? document, { runOnly: tags, resultTypes: ["violations"] });
            return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
                `${id} at ${target}: ${failureSummary}`));
        }""",
        RULES,
    )
    return found


def test_the_pages_of_signing_in(tab: Page, look: Look, secured: Person) -> None:
    tab.goto("/login")
    look("sign-in")
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_label("Email")).to_be_focused()
    look("sign-in-refused", picture=False)
    tab.goto("/signup")
    tab.get_by_label("Password", exact=True).fill("correct Horse")
    look("sign-up")
    tab.goto("/confirm")
    look("confirm")
    tab.goto("/forgot")
    look("forgot")
    tab.get_by_label("Email").fill("ada@example.com")
    tab.get_by_role("button", name="Send code").click()
    heading(tab, "Choose a new password")
    look("reset")
    tab.goto("/login")
    tab.get_by_label("Email").fill(secured.email)
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    heading(tab, "Two-step sign-in")
    look("challenge")


def test_the_pages_of_the_app(tab: Page, look: Look, admin: Person) -> None:
    arrive(tab, admin)
    expect(tab.get_by_text("Desk lamp")).to_be_visible()
    look("dashboard")
    tab.goto("/products")
    expect(tab.get_by_text("Desk lamp").first).to_be_visible()
    look("products")
    tab.get_by_role("button", name="Edit Desk lamp").first.click()
    look("product-edit")
    tab.get_by_role("button", name="Cancel").click()
    tab.get_by_role("button", name="Delete Desk lamp").first.click()
    look("product-delete", picture=False)
    tab.goto("/products?q=unicorn")
    expect(tab.get_by_text("Nothing matches")).to_be_visible()
    look("products-empty")
    tab.goto("/account")
    tab.get_by_role("button", name="Set up").click()
    expect(tab.get_by_role("img", name="QR code")).to_be_visible()
    look("account")
    tab.get_by_role("button", name="Delete account").click()
    look("account-delete", picture=False)
    tab.goto("/users")
    expect(tab.get_by_text(admin.email)).to_be_visible()
    look("users")


def test_the_pages_that_say_what_is_wrong(tab: Page, watch: Watch, look: Look, admin: Person) -> None:
    tab.goto("/no/such/page")
    heading(tab, "Page not found")
    look("not-found")
    arrive(tab, admin)
    tab.route("**/api/**", lambda route: route.abort("internetdisconnected"))
    watch.expect("net::ERR_INTERNET_DISCONNECTED", "/api/v1/products")
    tab.get_by_role("link", name="Products", exact=True).click()
    expect(tab.get_by_role("button", name="Try again")).to_be_visible()
    look("products-unreachable", picture=False)
    watch.expect("net::ERR_INTERNET_DISCONNECTED", "/api/v1/auth/refresh")
    tab.reload()
    heading(tab, "No connection")
    look("offline")
