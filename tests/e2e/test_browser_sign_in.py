"""Getting in, in a real browser: signing up, signing in, forgotten passwords, further steps."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.people import (
    PASSWORD,
    People,
    Person,
    arrive,
    heading,
    new_person,
    said,
    sign_in,
    warned,
)
from tests.support.totp import totp

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.browser import Watch
    from tests.support.platform import Platform

pytestmark = pytest.mark.browser

LOGIN = "/api/v1/auth/login"
NEW_PASSWORD = "Batterystaple8"
TOKENS = {"access_token": "t", "token_type": "Bearer", "expires_in": 600}


def sign_up(tab: Page, person: Person) -> None:
    tab.goto("/signup")
    tab.get_by_label("Name").fill(person.name)
    tab.get_by_label("Email").fill(person.email)
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Create account").click()
    expect(tab.get_by_role("heading", name="Confirm your email")).to_be_focused()


def enter_code(tab: Page, code: str, button: str = "Confirm") -> None:
    tab.get_by_label("Code", exact=True).fill(code)
    tab.get_by_role("button", name=button, exact=True).click()


def other_than(code: str) -> str:
    return "000000" if code != "000000" else "111111"


def wrong_at(tab: Page, label: str, sentence: str) -> None:
    """The field is at fault, has the focus, and says what to do."""
    field = tab.get_by_label(label, exact=True)
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(re.escape(sentence)))


def test_a_new_user_signs_up_confirms_by_mail_and_is_signed_in(tab: Page, platform: Platform) -> None:
    person = new_person()
    sign_up(tab, person)
    enter_code(tab, platform.mail(person.email))
    heading(tab, "Dashboard")
    expect(tab).to_have_url("/dashboard")
    expect(tab).to_have_title(re.compile("^Dashboard"))
    account = tab.get_by_role("region", name="Your account")
    expect(account).to_contain_text(person.email)
    expect(account).to_contain_text(person.name)


def test_the_rules_for_passwords_are_ticked_off_while_one_types(tab: Page) -> None:
    tab.goto("/signup")
    rules = tab.get_by_role("list", name="Password rules").get_by_role("listitem")
    expect(rules).to_have_text([re.compile(r"At least 12 char.*not met"), *[re.compile("not met")] * 3])
    tab.get_by_label("Password", exact=True).fill("lowercase")
    expect(rules.filter(has_text="(met)")).to_have_text([re.compile("lower-case")])
    tab.get_by_role("button", name="Create account").click()
    expect(tab.get_by_label("Name")).to_be_focused()
    expect(tab.get_by_label("Name")).to_have_accessible_description("Enter your name.")
    expect(tab.get_by_label("Email")).to_have_accessible_description(re.compile("^Enter an email address like"))
    expect(tab.get_by_label("Password", exact=True)).to_have_accessible_description(re.compile("meets every rule"))
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    expect(rules.filter(has_text="(met)")).to_have_count(4)


def test_a_password_can_be_shown_and_keeps_its_caret(tab: Page) -> None:
    tab.goto("/login")
    field = tab.get_by_label("Password", exact=True)
    field.fill("secret words")
    for _ in range(3):
        field.press("ArrowLeft")
    tab.get_by_role("button", name="Show password").click()
    expect(field).to_have_attribute("type", "text")
    assert field.evaluate("input => input.selectionStart") == len("secret wo")


def test_a_wrong_password_is_told_in_a_sentence(tab: Page, watch: Watch, ada: Person) -> None:
    watch.expect(401, LOGIN)
    sign_in(tab, ada, password="Wronghorse7777")
    warned(tab, "Email or password is incorrect.")
    expect(tab.get_by_label("Email")).to_have_value(ada.email)


def test_an_address_without_an_account_is_answered_alike(tab: Page, watch: Watch) -> None:
    watch.expect(401, LOGIN)
    sign_in(tab, new_person())
    warned(tab, "Email or password is incorrect.")


def test_a_wrong_code_is_told_at_its_field(tab: Page, watch: Watch, platform: Platform) -> None:
    person = new_person()
    sign_up(tab, person)
    enter_code(tab, "12345")
    wrong_at(tab, "Code", "Enter the 6 digits of the code.")
    watch.expect(400, "/api/v1/auth/confirm")
    enter_code(tab, other_than(platform.mail(person.email)))
    wrong_at(tab, "Code", "That code is wrong or has expired.")


def test_signing_in_before_confirming_leads_to_the_confirmation(tab: Page, watch: Watch, platform: Platform) -> None:
    person = new_person()
    sign_up(tab, person)
    watch.expect(403, LOGIN)
    sign_in(tab, person)
    heading(tab, "Confirm your email")
    expect(tab.get_by_role("main")).to_contain_text(person.email)
    tab.get_by_role("button", name="Send a new code").click()
    said(tab, "A new code is on its way.")
    expect(tab.get_by_role("button", name="Send a new code")).to_have_attribute("aria-disabled", "true")
    code = platform.mail(person.email)
    enter_code(tab, f"{code[:3]} {code[3:]}")
    heading(tab, "Dashboard")


def test_a_code_from_the_mail_counts_after_the_page_was_left(tab: Page, platform: Platform) -> None:
    person = new_person()
    sign_up(tab, person)
    tab.reload()
    expect(tab.get_by_label("Email")).to_have_value(person.email)
    enter_code(tab, platform.mail(person.email))
    said(tab, "Your email address is confirmed.")
    heading(tab, "Sign in")


def ask_for_a_code(tab: Page, person: Person) -> None:
    tab.goto("/login")
    tab.get_by_role("link", name="Forgot your password?").click()
    tab.get_by_label("Email").fill(person.email)
    tab.get_by_role("button", name="Send code").click()
    heading(tab, "Choose a new password")


def test_a_forgotten_password_is_replaced_by_a_mailed_code(
    tab: Page, watch: Watch, people: People, platform: Platform
) -> None:
    person = people.signed_up()
    ask_for_a_code(tab, person)
    expect(tab.get_by_role("main")).to_contain_text(person.email)
    code = platform.mail(person.email)
    tab.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    watch.expect(400, "/api/v1/auth/reset")
    enter_code(tab, other_than(code), "Change password")
    wrong_at(tab, "Code", "That code is wrong or has expired.")
    enter_code(tab, code, "Change password")
    heading(tab, "Dashboard")


def test_a_code_that_counts_no_more_is_refused(tab: Page, watch: Watch, people: People, platform: Platform) -> None:
    person = people.signed_up()
    people.post("/auth/forgot", {"email": person.email})
    code = platform.mail(person.email)
    people.post("/auth/reset", {"email": person.email, "code": code, "new_password": NEW_PASSWORD})
    tab.goto("/reset")
    tab.get_by_label("Email").fill(person.email)
    tab.get_by_label("New password", exact=True).fill(PASSWORD)
    watch.expect(400, "/api/v1/auth/reset")
    enter_code(tab, code, "Change password")
    wrong_at(tab, "Code", "That code is wrong or has expired.")


def test_nobody_learns_from_a_forgotten_password_who_has_an_account(tab: Page) -> None:
    ask_for_a_code(tab, new_person())
    expect(tab.get_by_role("main")).to_contain_text("If there is an account, a 6-digit code is on its way")


def test_a_user_made_by_an_administrator_chooses_a_password(tab: Page, watch: Watch, people: People) -> None:
    person = new_person("Grace Hopper")
    temporary = f"Temporary-{secrets.token_hex(4)}"
    attributes = {"email": person.email, "email_verified": "true", "name": person.name}
    people.pool.admin_create_user(
        UserPoolId=people.pool_id,
        Username=person.email,
        TemporaryPassword=temporary,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
    )
    sign_in(tab, person, temporary, at="/login?next=/products")
    heading(tab, "Choose a new password")
    tab.get_by_label("New password", exact=True).fill("weak")
    tab.get_by_role("button", name="Save and sign in").click()
    wrong_at(tab, "New password", "Choose a password that meets every rule below.")
    tab.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    tab.get_by_role("button", name="Save and sign in").click()
    heading(tab, "Products")


def test_a_second_step_is_set_up_asked_for_and_turned_off(tab: Page, watch: Watch, people: People) -> None:
    person = people.signed_up()
    arrive(tab, person, "/account")
    panel = tab.get_by_role("region", name="Two-step sign-in")
    panel.get_by_role("button", name="Set up").click()
    expect(panel.get_by_role("img", name="QR code")).to_be_visible()
    secret = panel.locator("code").inner_text().replace(" ", "")
    watch.expect(400, "/api/v1/auth/mfa/totp/verify")
    enter_code(tab, other_than(totp(secret)), "Turn on")
    wrong_at(tab, "Code", "That code is wrong or has expired.")
    enter_code(tab, totp(secret), "Turn on")
    said(tab, "Two-step sign-in is on.")

    tab.get_by_role("button", name="Sign out", exact=True).click()
    said(tab, "You have signed out.")
    sign_in(tab, person)
    heading(tab, "Two-step sign-in")
    watch.expect(400, "/api/v1/auth/challenge")
    enter_code(tab, other_than(totp(secret)), "Verify")
    wrong_at(tab, "Code", "That code is wrong or has expired.")
    enter_code(tab, totp(secret), "Verify")
    heading(tab, "Dashboard")

    tab.get_by_role("link", name="Account").click()
    panel.get_by_role("button", name="Turn off").click()
    said(tab, "Two-step sign-in is off.")


def test_a_pool_that_insists_on_a_second_step_has_it_set_up_while_signing_in(tab: Page) -> None:
    """The local pool leaves the choice to its users: the sign-in's answer is the contract's, the rest is real."""
    secret = "JBSWY3DPEHPK3PXP"
    uri = f"otpauth://totp/SRI:ada@example.com?secret={secret}&issuer=SRI"
    step = {"challenge": "MFA_SETUP", "session": "sealed", "secret": secret, "otpauth_uri": uri}
    user = {"id": "u1", "email": "ada@example.com", "name": "Ada", "groups": [], "created_at": "2026-01-01T00:00:00Z"}
    tab.route("**/auth/login", lambda route: route.fulfill(json=step))
    tab.route("**/auth/challenge", lambda route: route.fulfill(json=TOKENS | {"user": user}))
    tab.route("**/products?*", lambda route: route.fulfill(json={"items": [], "next_cursor": None}))
    sign_in(tab, new_person())
    expect(tab.get_by_role("img", name="QR code")).to_be_visible()
    expect(tab.get_by_role("main")).to_contain_text("JBSW Y3DP EHPK 3PXP")
    with tab.expect_request("**/auth/challenge") as answered:
        enter_code(tab, "123 456", "Verify")
    assert answered.value.post_data_json == {"session": "sealed", "code": "123456"}
    heading(tab, "Dashboard")


def test_a_step_that_took_too_long_begins_again(tab: Page, watch: Watch) -> None:
    step = {"challenge": "SOFTWARE_TOKEN_MFA", "session": "not sealed by the platform"}
    tab.route("**/auth/login", lambda route: route.fulfill(json=step))
    sign_in(tab, new_person())
    watch.expect(401, "/api/v1/auth/challenge")
    enter_code(tab, "123456", "Verify")
    warned(tab, "This took too long. Sign in again.")
    tab.get_by_role("link", name="Start again").click()
    heading(tab, "Sign in")


def test_a_further_step_without_a_sign_in_begins_with_the_password(tab: Page) -> None:
    tab.goto("/challenge?next=/account")
    heading(tab, "Sign in")
    expect(tab).to_have_url("/login?next=%2Faccount")


def test_signing_in_is_possible_with_the_keyboard_alone(tab: Page, ada: Person) -> None:
    tab.goto("/login")
    tab.get_by_label("Email").focus()
    tab.keyboard.type(ada.email)
    tab.keyboard.press("Tab")
    tab.keyboard.type(PASSWORD)
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Dashboard")).to_be_focused()
