"""A session over time, in a real browser: reloads, tabs, lost connections, tokens that end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.support.people import PASSWORD, People, Person, arrive, heading, said, sign_in, warned

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Request, Route

    from tests.support.browser import Watch

pytestmark = pytest.mark.browser

REFRESH = "/api/v1/auth/refresh"
ME = "/api/v1/users/me"
OFFLINE = "net::ERR_INTERNET_DISCONNECTED"


def calls(tab: Page) -> list[Request]:
    """The API calls that the tab makes from now on."""
    made: list[Request] = []
    tab.on("request", lambda request: made.append(request) if "/api/" in request.url else None)
    return made


def paths(requests: list[Request]) -> list[str]:
    return [request.url.partition("/api/v1")[2].partition("?")[0] for request in requests]


def test_every_call_of_a_signed_in_user_carries_a_bearer_token_and_only_those(tab: Page, ada: Person) -> None:
    made = calls(tab)
    arrive(tab, ada, "/products")
    expect(tab.get_by_role("main").get_by_role("status").last).to_contain_text("shown")
    bearers = {request.header_value("authorization") for request in made if "/products" in request.url}
    (bearer,) = bearers
    assert bearer is not None
    assert bearer.startswith("Bearer ey")
    assert {r.header_value("authorization") for r in made if "/auth/" in r.url} == {None}


def test_a_reload_keeps_the_session_without_a_glimpse_of_the_sign_in_page(tab: Page, ada: Person) -> None:
    arrive(tab, ada)
    tab.add_init_script("""
        const look = () => document.querySelector("input[type=password]") && console.error("a glimpse");
        new MutationObserver(look).observe(document, { childList: true, subtree: true });
    """)
    visited: list[str] = []
    tab.on("framenavigated", lambda frame: visited.append(frame.url))
    tab.reload()
    heading(tab, "Dashboard")
    assert [url for url in visited if "/login" in url] == []


def test_a_guarded_page_asks_to_sign_in_and_leads_back(tab: Page, ada: Person) -> None:
    tab.goto("/products?q=lamp")
    expect(tab).to_have_url("/login?next=%2Fproducts%3Fq%3Dlamp")
    sign_in(tab, ada, at=tab.url)
    expect(tab).to_have_url("/products?q=lamp")
    expect(tab.get_by_role("searchbox")).to_have_value("lamp")


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com", "/\\example.com"])
def test_signing_in_leads_to_no_other_site(tab: Page, ada: Person, elsewhere: str) -> None:
    sign_in(tab, ada, at=f"/login?next={elsewhere}")
    heading(tab, "Dashboard")
    expect(tab).to_have_url("/dashboard")


def test_the_back_button_goes_through_the_pages_and_never_back_to_the_sign_in(tab: Page, ada: Person) -> None:
    arrive(tab, ada)
    tab.get_by_role("link", name="Products", exact=True).click()
    expect(tab.get_by_role("heading", name="Products")).to_be_focused()
    tab.get_by_role("link", name="Account", exact=True).click()
    heading(tab, "Account")
    tab.go_back()
    heading(tab, "Products")
    tab.go_back()
    heading(tab, "Dashboard")
    tab.go_back()
    expect(tab).to_have_url("about:blank")


def test_after_signing_out_the_back_button_shows_nothing(tab: Page, ada: Person) -> None:
    arrive(tab, ada)
    tab.get_by_role("link", name="Account", exact=True).click()
    heading(tab, "Account")
    tab.get_by_role("button", name="Sign out", exact=True).click()
    said(tab, "You have signed out.")
    tab.go_back()
    heading(tab, "Sign in")
    expect(tab.get_by_role("main")).not_to_contain_text(ada.email)


def test_a_token_that_the_api_no_longer_takes_is_replaced_and_the_call_repeated(
    tab: Page, watch: Watch, ada: Person
) -> None:
    arrive(tab, ada)
    made = calls(tab)
    spoil_next(tab, "/api/v1/products")
    watch.expect(401, "/api/v1/products")
    tab.get_by_role("link", name="Products", exact=True).click()
    expect(tab.get_by_role("main").get_by_role("status").last).to_contain_text("shown")
    assert paths(made) == ["/products", "/auth/refresh", "/products"]
    tokens = [request.header_value("authorization") for request in made]
    assert tokens[0] != tokens[2]


def spoil_next(tab: Page, path: str) -> None:
    """Send the next request to the path with a token whose signature is wrong; the API refuses it for real."""

    def spoil(route: Route) -> None:
        bearer = route.request.headers["authorization"]
        route.continue_(headers={**route.request.headers, "authorization": f"{bearer[:-6]}AAAAAA"})

    tab.route(f"**{path}?*", spoil, times=1)


def test_a_revoked_session_asks_to_sign_in_again_and_leads_back(tab: Page, watch: Watch, people: People) -> None:
    person = people.signed_up()
    arrive(tab, person, "/products")
    people.pool.admin_user_global_sign_out(UserPoolId=people.pool_id, Username=person.email)
    watch.expect(401, REFRESH)
    tab.reload()
    said(tab, "Your session has ended.")
    expect(tab).to_have_url("/login?next=%2Fproducts")
    sign_in(tab, person, at=tab.url)
    heading(tab, "Products")


def test_a_visitor_without_a_session_causes_no_call_at_all(tab: Page) -> None:
    made = calls(tab)
    tab.goto("/login")
    heading(tab, "Sign in")
    assert made == []


def test_signing_out_in_one_tab_signs_out_the_other(open_tab: Callable[[], Page], ada: Person) -> None:
    first = open_tab()
    arrive(first, ada)
    second = open_tab()
    second.goto("/account")
    heading(second, "Account")
    first.bring_to_front()
    first.get_by_role("button", name="Sign out", exact=True).click()
    heading(second, "Sign in")


def test_signing_in_in_one_tab_signs_in_the_other(open_tab: Callable[[], Page], ada: Person) -> None:
    first = open_tab()
    first.goto("/products")
    heading(first, "Sign in")
    second = open_tab()
    arrive(second, ada)
    heading(first, "Products")


def test_two_tabs_that_are_restored_at_once_both_keep_the_session(open_tab: Callable[[], Page], ada: Person) -> None:
    first, second = open_tab(), open_tab()
    arrive(first, ada)
    for tab in (first, second):
        tab.goto("/account", wait_until="commit")
    for tab in (first, second):
        heading(tab, "Account")


def test_signing_out_everywhere_ends_the_session_of_another_browser(tab: Page, watch: Watch, people: People) -> None:
    person = people.signed_up()
    other = people.post("/auth/login", {"email": person.email, "password": PASSWORD}).json()
    arrive(tab, person, "/account")
    tab.get_by_role("button", name="Sign out everywhere").click()
    said(tab, "You have signed out.")
    with pytest.raises(Exception, match="401"):
        people.post("/auth/refresh", {"refresh_token": other["refresh_token"]})


def test_without_a_connection_the_page_says_so_and_nobody_is_signed_out(tab: Page, watch: Watch, ada: Person) -> None:
    arrive(tab, ada)
    tab.context.set_offline(True)
    said(tab, "You are offline.")
    watch.expect(OFFLINE, "/api/v1/products")
    tab.get_by_role("link", name="Products", exact=True).click()
    warned(tab, "We cannot reach the server.")
    watch.expect(OFFLINE, "/api/v1/auth/logout")
    tab.get_by_role("button", name="Sign out", exact=True).click()
    warned(tab, "You are still signed in.")
    tab.context.set_offline(False)
    expect(tab.get_by_text("You are offline.")).to_have_count(0)
    tab.get_by_role("button", name="Try again").click()
    expect(tab.get_by_role("main").get_by_role("status").last).to_contain_text("shown")


def test_a_reload_that_does_not_reach_the_api_can_be_tried_again(tab: Page, watch: Watch, ada: Person) -> None:
    arrive(tab, ada)
    tab.route(f"**{REFRESH}", lambda route: route.abort("connectionrefused"), times=1)
    watch.expect("net::ERR_CONNECTION_REFUSED", REFRESH)
    tab.reload()
    heading(tab, "No connection")
    warned(tab, "You are still signed in.")
    tab.get_by_role("button", name="Try again").click()
    heading(tab, "Dashboard")


def test_an_api_that_is_down_signs_nobody_out(tab: Page, watch: Watch, ada: Person) -> None:
    arrive(tab, ada)
    problem = json.dumps({"code": "service_unavailable", "status": 503, "request_id": "r-77"})
    tab.route(f"**{ME}", lambda route: route.fulfill(status=503, body=problem), times=1)
    watch.expect(503, ME)
    tab.reload()
    heading(tab, "Something is not working")
    expect(tab.get_by_role("main")).to_contain_text("Reference: r-77")
    tab.get_by_role("button", name="Try again").click()
    heading(tab, "Dashboard")


def test_on_a_slow_network_what_comes_is_outlined_and_nothing_is_sent_twice(tab: Page, ada: Person) -> None:
    arrive(tab, ada)
    network = tab.context.new_cdp_session(tab)
    slow = {"offline": False, "latency": 700, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
    network.send("Network.emulateNetworkConditions", slow)
    made = calls(tab)
    tab.get_by_role("link", name="Products", exact=True).click()
    expect(tab.locator(".skeleton")).to_be_visible()
    expect(tab.locator(".skeleton")).to_have_count(0)
    tab.get_by_role("button", name="New product").click()
    tab.get_by_label("Name").fill("Slow lamp")
    tab.get_by_label("Price").fill("1")
    tab.get_by_label("Price").press("Enter")
    expect(tab.get_by_role("button", name="Create product")).to_have_attribute("aria-busy", "true")
    tab.get_by_label("Price").press("Enter")
    said(tab, "“Slow lamp” was added.")
    assert paths(made) == ["/products", "/products"]


def test_no_script_can_find_a_token_or_the_session_cookie(tab: Page, ada: Person) -> None:
    arrive(tab, ada)
    for page in ("Products", "Account"):
        tab.get_by_role("link", name=page, exact=True).click()
        heading(tab, page)
    kept: list[Any] = tab.evaluate("""
        async () => [{...localStorage}, {...sessionStorage}, document.cookie, await indexedDB.databases(),
                     await caches.keys(), Object.keys(globalThis).filter((key) => /token|session$/i.test(key))]
    """)
    assert kept[:5] == [{"hasSession": "1"}, {}, "", [], []]
    assert [name for name in kept[5] if name != "hasSession"] == []
    (session,) = tab.context.cookies()
    assert (session["path"], session["httpOnly"], session["secure"]) == ("/api/v1/auth", True, True)
    assert session["sameSite"] == "Strict"
    assert not session["value"].startswith("ey")
