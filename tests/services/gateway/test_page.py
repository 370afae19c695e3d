"""What people and other sites' pages see of the API: the page that documents it, and CORS."""

from __future__ import annotations

import re

import httpx
import pytest

from services.gateway.app import create
from services.gateway.settings import Settings
from services.shared.settings import SettingsError
from tests.services.gateway.conftest import Platform, settings_for
from tests.support.applications import problem, served
from tests.support.tokens import TokenIssuer

pytestmark = pytest.mark.asyncio(loop_scope="module")

SITE = "https://partner.example"
PREFLIGHT = {"origin": SITE, "access-control-request-method": "PATCH", "access-control-request-headers": "if-match"}


async def test_the_page_is_open_and_loads_nothing_from_elsewhere(platform: Platform) -> None:
    async with httpx.AsyncClient(base_url=platform.url) as client:
        page = await client.get("/api/v1/docs")
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ")
        assert "unsafe" not in policy
        links = re.findall(r'(?:href|src)="([^"]+)"', page.text)
        assert links == ["docs/page.css", "docs/page.js", "openapi.json", "openapi.json"]
        for link in links[:2]:
            answer = await client.get(f"/api/v1/{link}")
            assert answer.status_code == 200
            assert "http:" not in answer.text
            assert "https:" not in answer.text
        assert "<script>" not in page.text
        assert " style=" not in page.text


async def test_the_page_is_sent_once(platform: Platform) -> None:
    first = await platform.client.get("/api/v1/docs/page.js")
    again = await platform.client.get("/api/v1/docs/page.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/api/v1/docs/", "/api/v1/docs/page.html", "/api/v1/docs/../app.py", "/api/v1/docsx"])
async def test_there_is_nothing_else_beside_the_page(platform: Platform, path: str) -> None:
    answer = await platform.raw(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    assert answer.split(b" ")[1] in (b"400", b"401", b"404")


async def test_the_page_can_only_be_read(platform: Platform) -> None:
    problem(await platform.client.post("/api/v1/docs"), 405, "method_not_allowed")


async def test_no_other_site_is_answered_unless_it_is_configured(platform: Platform) -> None:
    answer = await platform.client.get("/api/v1/products", headers={"origin": SITE})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    async with httpx.AsyncClient(base_url=platform.url) as client:
        problem(await client.options("/api/v1/products", headers=PREFLIGHT), 401, "token_missing")


async def test_a_configured_site_may_call_and_read(platform: Platform, token_issuer: TokenIssuer) -> None:
    urls = {"identity_url": platform.identity.url, "data_url": platform.data.url}
    settings = settings_for(token_issuer, **urls, cors_origins=f"https://other.example,{SITE}")
    async with served(create(settings)) as url, httpx.AsyncClient(base_url=url) as client:
        allowed = await client.options("/api/v1/products/1", headers=PREFLIGHT)
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, SITE)
        assert "PATCH" in allowed.headers["access-control-allow-methods"]
        assert "if-match" in allowed.headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in allowed.headers
        refused = await client.get("/api/v1/products", headers={"origin": SITE})
        problem(refused, 401, "token_missing")
        assert refused.headers["access-control-allow-origin"] == SITE
        assert "ratelimit" in refused.headers["access-control-expose-headers"]
        stranger = await client.get("/api/v1/products", headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in stranger.headers
        assert stranger.headers["vary"] == "origin"


@pytest.mark.parametrize("origins", ["partner.example", "https://partner.example/app", "https://a.example,b"])
async def test_what_is_no_origin_is_refused_at_the_start(
    origins: str, monkeypatch: pytest.MonkeyPatch, token_issuer: TokenIssuer
) -> None:
    values = settings_for(token_issuer, identity_url="http://x", data_url="http://y").model_dump()
    for name, value in {**values, "cors_origins": origins}.items():
        monkeypatch.setenv(name.upper(), str(value))
    with pytest.raises(SettingsError, match="CORS_ORIGINS is not valid"):
        Settings.load()
