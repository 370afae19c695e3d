"""Which service gets a request, and what of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.catalog import api_services, by_name
from services.gateway.settings import Settings
from tests.services.gateway.conftest import Platform
from tests.support.applications import problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/api/v1/products", "data"),
        ("/api/v1/products/", "data"),
        ("/api/v1/products/1/parts", "data"),
        ("/api/v1/users/me", "identity"),
        ("/api/v1/auth/login", "identity"),
    ],
)
async def test_a_path_goes_to_the_service_whose_prefix_it_has(platform: Platform, path: str, service: str) -> None:
    assert (await platform.client.get(path)).json() == {"from": service}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1",
        "/api/v1/",
        "/api/v1/product",
        "/api/v1/productsandmore",
        "/api/v1/products-x",
        "/api/v2/products",
        "/",
    ],
)
async def test_a_path_of_nobody_is_not_found(platform: Platform, path: str) -> None:
    problem(await platform.client.get(path), 404, "not_found")
    assert platform.data.seen == platform.identity.seen == []


async def test_the_path_and_query_arrive_as_they_were_written(platform: Platform) -> None:
    target = "/api/v1/products/a%20b%3F%C3%A4;v=1,2/@:!$&'()*+~?q=a+b%26c&cursor=x%2Fy&empty=&q=2"
    await platform.raw(request(f"GET {target}", platform))
    assert (platform.data.seen[0].path + b"?" + platform.data.seen[0].query).decode() == target


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
async def test_every_method_is_handed_on(platform: Platform, method: str) -> None:
    response = await platform.client.request(method, "/api/v1/products/1")
    assert response.status_code == 200
    assert platform.data.seen[0].method == method


@pytest.mark.parametrize("body", [b"{}", b"x" * 100_000, b"\x00\xff" * 1000])
async def test_a_body_arrives_whole(platform: Platform, body: bytes) -> None:
    await platform.client.post("/api/v1/products", content=body, headers={"content-type": "application/octet-stream"})
    assert platform.data.seen[0].body == body
    assert platform.data.seen[0].header("content-type") == ["application/octet-stream"]


async def test_a_body_without_a_length_arrives_whole(platform: Platform) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 1000

    await platform.client.post("/api/v1/products", content=pieces())
    assert platform.data.seen[0].body == b"x" * 50_000


async def test_a_request_without_a_body_gets_none(platform: Platform) -> None:
    await platform.client.get("/api/v1/products")
    seen = platform.data.seen[0]
    assert (seen.body, seen.header("transfer-encoding"), seen.header("content-type")) == (b"", [], [])


async def test_the_token_is_handed_on_so_that_the_service_can_check_it_again(platform: Platform) -> None:
    await platform.client.get("/api/v1/products")
    assert platform.data.seen[0].header("authorization") == [platform.client.headers["authorization"]]


async def test_one_request_id_crosses_the_services(platform: Platform) -> None:
    response = await platform.client.get("/api/v1/products", headers={"x-request-id": "from-the-edge.1"})
    assert response.headers.get_list("x-request-id") == ["from-the-edge.1"]
    assert platform.data.seen[0].header("x-request-id") == ["from-the-edge.1"]


@pytest.mark.parametrize("given", ["", "with space", "x" * 65, "<script>"])
async def test_a_request_id_that_could_do_harm_is_replaced(platform: Platform, given: str) -> None:
    response = await platform.client.get("/api/v1/products", headers={"x-request-id": given})
    made = response.headers["x-request-id"]
    assert made != given
    assert platform.data.seen[0].header("x-request-id") == [made]


async def test_the_services_learn_the_users_address_from_the_hop_before_the_gateway(platform: Platform) -> None:
    await platform.client.get("/api/v1/products", headers={"x-forwarded-for": "6.6.6.6, 203.0.113.7"})
    assert platform.data.seen[0].header("x-forwarded-for") == ["203.0.113.7"]
    await platform.client.get("/api/v1/products")
    assert platform.data.seen[1].header("x-forwarded-for") == ["127.0.0.1"]


async def test_fields_that_could_deceive_the_services_are_dropped(platform: Platform) -> None:
    spoofed = {
        "forwarded": "for=6.6.6.6",
        "x-real-ip": "6.6.6.6",
        "x-forwarded-user": "admin",
        "x-forwarded-prefix": "/admin",
        "x-original-url": "/admin",
        "x-rewrite-url": "/admin",
        "x_user": "admin",
        "authorization_": "x",
        "te": "trailers",
        "keep-alive": "timeout=5",
        "proxy-authorization": "Basic x",
        "connection": "close, x-private",
        "x-private": "1",
    }
    await platform.client.get("/api/v1/products", headers={**spoofed, "x-kept": "1"})
    arrived = {name for name, _ in platform.data.seen[0].headers}
    assert arrived & set(spoofed) <= {"connection"}
    assert "x-kept" in arrived


async def test_the_services_see_their_own_host_and_the_public_one_beside_it(platform: Platform) -> None:
    await platform.client.get("/api/v1/products", headers={"host": "app.example.com", "x-forwarded-proto": "https"})
    seen = platform.data.seen[0]
    assert seen.header("host") == [platform.data.url.removeprefix("http://")]
    assert (seen.header("x-forwarded-host"), seen.header("x-forwarded-proto")) == (["app.example.com"], ["https"])


async def test_bytes_beyond_ascii_in_a_field_do_no_harm(platform: Platform) -> None:
    await platform.raw(request("GET /api/v1/products", platform, b"x-name: M\xfcller\r\nx-utf: M\xc3\xbcller\r\n"))
    assert platform.data.seen[0].header("x-utf")[0].encode("latin-1").decode() == "Müller"


async def test_the_gateway_is_told_where_each_service_with_public_paths_is() -> None:
    urls = {service.url_variable for service in api_services()}
    assert urls
    assert urls <= Settings.env_names()
    assert {name for name in Settings.env_names() if name.endswith("_URL")} == urls | {"COGNITO_JWKS_URL"}
    assert by_name("gateway").is_gateway


def request(line: str, platform: Platform, fields: bytes = b"") -> bytes:
    authorization = platform.client.headers["authorization"].encode()
    start = f"{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n".encode()
    return start + b"authorization: " + authorization + b"\r\n" + fields + b"\r\n"
