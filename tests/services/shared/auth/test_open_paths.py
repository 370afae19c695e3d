"""Which paths need no token: no other spelling of a path may reach an exemption (H10)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.shared.auth.paths import OpenPaths
from tests.services.shared.auth.http_requests import http_scope

OPEN = OpenPaths(("/health", "/api/v1/auth/login", "/docs/*"))


@pytest.mark.parametrize("path", ["/health", "/api/v1/auth/login", "/docs/a", "/docs/a/b.js", "/docs/", "/docs/a:b@c"])
def test_a_listed_path_is_open(path: str) -> None:
    assert OPEN.includes(http_scope(path))


@pytest.mark.parametrize(
    "path",
    [
        "/", "", "/me", "/HEALTH", "/Health", "/health/", "/health/x", "/healthy", "/healt", "//health", "/health//",
        "/./health", "/x/../health", "health", "/health ", "/health\0", "/health\n", "/health;x=1", "/health%20",
        "\\health", "/health?x", "/health#x", "/docs", "/docsx", "/docs//me", "/docs/../me", "/docs/./me", "/docs/..",
        "/docs/.", "/docs/a/../../me", "/docs/%2e%2e/me", "/docs/..;/me", "/docs\\..\\me", "/docs/a\\me", "/DOCS/a",
        "/docs/\0", "/docs/é", "/docs/a b", "/docs/%", "/api/v1/auth/login/x", "/api/v1/auth//login", "*",
    ],
)  # fmt: skip
def test_any_other_path_is_closed(path: str) -> None:
    assert not OPEN.includes(http_scope(path))


@pytest.mark.parametrize(
    ("raw_path", "decoded"),
    [
        (b"/%68ealth", "/health"),
        (b"/health%2F", "/health/"),
        (b"/%2fhealth", "//health"),
        (b"/docs%2fme", "/docs/me"),
        (b"/docs/%2e%2e/me", "/docs/../me"),
        (b"/docs/%252e%252e/me", "/docs/%2e%2e/me"),
        (b"/docs/..%2fme", "/docs/../me"),
        (b"/docs/a%00", "/docs/a\0"),
        (b"/docs/%61", "/docs/a"),
        (b"/docs/\xc3\xa9", "/docs/é"),
        (b"/me", "/health"),
        (b"", "/health"),
    ],
)
def test_a_path_that_decoding_has_changed_is_closed(raw_path: bytes, decoded: str) -> None:
    assert not OPEN.includes(http_scope(decoded, raw_path=raw_path))


def test_a_server_that_tells_no_raw_path_opens_plain_paths_alone() -> None:
    for path, included in (("/health", True), ("/docs/a", True), ("/docs/%2e", False), ("/docs/../me", False)):
        scope = http_scope(path)
        del scope["raw_path"]
        assert OPEN.includes(scope) is included


def test_everything_is_open_only_where_everything_is_listed() -> None:
    everything = OpenPaths(("/*",))
    for path in ("/", "/a", "/a/../b", "/%2e", "//"):
        assert everything.includes(http_scope(path))
    nothing = OpenPaths(())
    assert not nothing.includes(http_scope("/"))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.sampled_from("/.%25eEfFdocshealt;\\ \0"), max_size=20))
def test_a_path_below_a_prefix_stays_there_when_somebody_normalises_it(rest: str) -> None:
    path = f"/docs/{rest}"
    if OPEN.includes(http_scope(path)):
        assert ".." not in path.split("/")
        assert not {"%", "\\", ";", "\0"} & set(path)
        assert "//" not in path


@pytest.mark.parametrize(
    "path", ["", "health", "/docs*", "/docs/*/x", "*", "/a//b", "/a/../b", "/a/./b", "/a b", "/%61", "//*", "/../*"]
)
def test_a_list_that_could_be_misread_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="must be like"):
        OpenPaths((path,))


def test_one_path_in_place_of_a_list_is_refused() -> None:
    with pytest.raises(ValueError, match="list of paths"):
        OpenPaths("/health")
