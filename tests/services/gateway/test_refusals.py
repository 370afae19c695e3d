"""What never gets through: requests without a token, and requests that two servers could read in two ways."""

from __future__ import annotations

import time

import pytest

from services.catalog import API_PREFIX, api_services
from tests.services.gateway.conftest import Platform
from tests.support.applications import problem
from tests.support.tokens import TokenIssuer

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_nothing_gets_through_without_a_token(platform: Platform) -> None:
    del platform.client.headers["authorization"]
    for path in (
        "/api/v1/products",
        "/api/v1/users/me",
        "/api/v1/nothing",
        "/",
        "/api/v1/auth/password",
        "/api/v1/auth",
    ):
        response = await platform.client.get(path)
        problem(response, 401, "token_missing")
        assert response.headers["www-authenticate"].startswith("Bearer")
    assert platform.data.seen == platform.identity.seen == []


OPEN_PATHS = {path for service in api_services() for path in service.open_paths}


@pytest.mark.parametrize("path", sorted(path for path in OPEN_PATHS if path.startswith(API_PREFIX)))
async def test_what_a_service_opens_is_open_at_the_gateway_too(platform: Platform, path: str) -> None:
    del platform.client.headers["authorization"]
    assert (await platform.client.post(path, json={})).json() == {"from": "identity"}


@pytest.mark.parametrize("path", sorted(path for path in OPEN_PATHS if not path.startswith(API_PREFIX)))
async def test_what_services_open_to_each_other_is_not_to_be_had_here(platform: Platform, path: str) -> None:
    problem(await platform.client.get(path), 404, "not_found")
    del platform.client.headers["authorization"]
    problem(await platform.client.get(path), 401, "token_missing")
    assert platform.identity.seen == []


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": int(time.time()) - 60}, "token_expired"),
        ({"token_use": "id"}, "token_use_mismatch"),
        ({"client_id": "another"}, "client_mismatch"),
    ],
)
async def test_a_token_that_is_not_for_us_stops_here(
    platform: Platform, token_issuer: TokenIssuer, claims: dict[str, object], code: str
) -> None:
    token = token_issuer.token("ann", **claims)  # type: ignore[arg-type]
    problem(await platform.client.get("/api/v1/products", headers={"authorization": f"Bearer {token}"}), 401, code)
    assert platform.data.seen == []


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/products/../users/me",
        "/api/v1/products/%2e%2e/users/me",
        "/api/v1/products/.%2E/users/me",
        "/api/v1/products/./1",
        "/api/v1/products/..",
        "/api/v1/products/..%2f..%2fhealth",
        "/api/v1/products/a%2Fb",
        "/api/v1/products/a%5cb",
        "/api/v1/products//1",
        "//api/v1/products",
        "/api/v1/products/%00",
        "/api/v1/products/%0d%0ax:y",
        "/api/v1/products/%7f",
        "/api/v1/products/%zz",
        "/api/v1/products/%",
        "/api/v1/products/a|b",
        "/api/v1/products/<x>",
        "/api/v1/products/a\\b",
        '/api/v1/products?q="',
        "/api/v1/products?q=%g1",
    ],
)
async def test_a_target_that_could_be_read_in_two_ways_is_refused(platform: Platform, target: str) -> None:
    status, body = await exchange(platform, f"GET {target} HTTP/1.1", "host: x")
    assert (status, "malformed_request" in body or "Invalid HTTP" in body) == (400, True)


@pytest.mark.parametrize(
    "fields",
    [
        (),
        ("host: a", "host: b"),
        ("host: a b",),
        ("host: a/b",),
        ("host: user@a",),
        ("host: a:port",),
        ("host:",),
        ("host: x", "content-type: a/b", "content-type: c/d"),
        ("host: x", "x-request-id: a", "x-request-id: b"),
        ("host: x", "upgrade: h2c", "connection: upgrade", "content-length: 5"),
        ("host: x", "upgrade: foo", "connection: upgrade", "transfer-encoding: chunked"),
    ],
)
async def test_fields_that_could_be_read_in_two_ways_are_refused(platform: Platform, fields: tuple[str, ...]) -> None:
    status, body = await exchange(platform, "POST /api/v1/products HTTP/1.1", *fields)
    assert (status, "malformed_request" in body) == (400, True)


@pytest.mark.parametrize(
    "fields",
    [
        ("content-length: 5", "content-length: 6"),
        ("content-length: 5", "transfer-encoding: chunked"),
        ("transfer-encoding: chunked, identity",),
        ("content-length: +5",),
        ("x bad: 1",),
    ],
)
async def test_framing_that_could_smuggle_a_request_is_refused(platform: Platform, fields: tuple[str, ...]) -> None:
    status, _ = await exchange(platform, "POST /api/v1/products HTTP/1.1", "host: x", *fields)
    assert status == 400


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND"])
async def test_a_method_that_nobody_here_answers_is_refused(platform: Platform, method: str) -> None:
    status, body = await exchange(platform, f"{method} /api/v1/products HTTP/1.1", "host: x")
    assert (status, "method_not_allowed" in body) == (405, True)


@pytest.mark.parametrize("version", ["HTTP/0.9", "HTTP/2.0"])
async def test_a_version_that_we_do_not_speak_is_refused(platform: Platform, version: str) -> None:
    status, _ = await exchange(platform, f"GET /api/v1/products {version}", "host: x")
    assert status in (400, 505)


async def test_a_refused_request_is_followed_by_no_other_on_its_connection(platform: Platform) -> None:
    smuggled = "GET /api/v1/products HTTP/1.1\r\nhost: x\r\n\r\n"
    await exchange(
        platform, "POST /api/v1/products/%2e%2e HTTP/1.1", "host: x", "content-length: 5", rest=f"hello{smuggled}"
    )
    assert platform.data.seen == []


async def exchange(platform: Platform, line: str, *fields: str, rest: str = "") -> tuple[int, str]:
    """The status and the rest of what the gateway answers to a signed-in request of these lines."""
    lines = [line, *fields, f"authorization: {platform.client.headers['authorization']}", "", rest]
    if not any(field.startswith("connection") for field in fields) and not rest:
        lines.insert(1, "connection: close")
    received = (await platform.raw("\r\n".join(lines).encode("latin-1"))).decode("latin-1")
    assert platform.data.seen == []
    return int(received.split(" ", 2)[1]), received
