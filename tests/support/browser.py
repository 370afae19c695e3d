"""A real Chromium that tells on the page: what the console would show to a developer fails the test."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

    from tests.support.platform import Platform

FLAGS = [
    "--no-sandbox",  # there is none for root, as in most containers
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE_MS = 10_000


@dataclass
class Watch:
    """Everything a page complained about; refused requests that a test expects are set off against it."""

    complaints: list[str] = field(default_factory=list)
    _expected: list[tuple[str, str]] = field(default_factory=list)

    def expect(self, reason: int | str, path: str) -> None:
        """One request to `path` will fail with this status, or with this network error (`net::ERR_...`)."""
        self._expected.append((str(reason), path))

    def hear(self, message: ConsoleMessage) -> None:
        """Take note of what the page wrote to its console."""
        if message.type not in {"error", "warning"}:
            return
        failed = re.search(r"Failed to load resource: .*?(\b\d{3}\b|net::ERR_\w+)", message.text)
        failure = (failed[1], urlsplit(message.location["url"]).path) if failed else None
        if failure in self._expected:
            self._expected.remove(failure)
        else:
            self.complaints.append(f"{message.type}: {message.text} ({message.location['url']})")

    def verify(self) -> None:
        """Fail if the page complained, or if an expected failure did not happen."""
        assert self.complaints == []
        assert self._expected == []


def chromium_path() -> str | None:
    """Where Chromium is installed, if it is."""
    return "/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else shutil.which("chromium")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A Chromium for one module: its event loop would be in the way of asynchronous tests in others."""
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium is installed here: neither /usr/bin/chromium nor `chromium` on the PATH")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def watch() -> Watch:
    """What the test's pages complained about."""
    return Watch()


@pytest.fixture
def open_tab(platform: Platform, chromium: Browser, watch: Watch) -> Iterator[Callable[[], Page]]:
    """Opens tabs of one fresh browser profile at the platform's origin; all are watched."""
    context = chromium.new_context(base_url=platform.url, locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)

    def open_one() -> Page:
        tab = context.new_page()
        tab.on("console", watch.hear)
        tab.on("pageerror", lambda error: watch.complaints.append(f"uncaught: {error}"))
        return tab

    yield open_one
    context.close()
    watch.verify()


@pytest.fixture
def tab(open_tab: Callable[[], Page]) -> Page:
    """One tab of a fresh browser profile."""
    return open_tab()
