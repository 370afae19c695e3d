"""The server of the web app, asked over ASGI as a browser, a scanner and a careless client would."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.frontend.app import create
from services.frontend.headers import PROTECTION
from services.frontend.settings import Settings

INDEX = "<!doctype html><script type=module src=/assets/index-1a2b.js></script>"
SCRIPT = "console.log('here')"
BROTLI = b"the script as the build packed it"

SETTINGS = Settings(
    environment="dev",
    log_level="info",
    aws_region="eu-central-1",
    cognito_user_pool_id="eu-central-1_pool",
    cognito_client_id="client-id",
    cognito_issuer="https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_pool",
    cognito_jwks_url="https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_pool/.well-known/jwks.json",
)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A built web app, and beside it a file that is nobody's business."""
    (tmp_path / "secret.txt").write_text("not for the web")
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text(INDEX)
    (dist / "favicon.svg").write_text("<svg/>")
    (dist / "assets" / "index-1a2b.js").write_text(SCRIPT)
    (dist / "assets" / "index-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (dist / "assets" / "index-1a2b.js.br").write_bytes(BROTLI)
    return dist


@pytest.fixture
async def web(dist: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create(SETTINGS, dist))
    async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/login", "/dashboard", "/products/0e7a-41/edit", "/dashboard/"])
async def test_every_page_path_answers_the_one_page(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path)
    assert (answer.status_code, answer.text) == (200, INDEX)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


async def test_a_hashed_asset_may_be_kept_for_ever(web: httpx.AsyncClient) -> None:
    answer = await web.get("/assets/index-1a2b.js")
    assert (answer.status_code, answer.text) == (200, SCRIPT)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_a_file_without_a_hash_is_asked_for_again(web: httpx.AsyncClient) -> None:
    answer = await web.get("/favicon.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "no-cache"


async def test_what_the_browser_has_already_is_not_sent_again(web: httpx.AsyncClient) -> None:
    first = await web.get("/")
    again = await web.get("/", headers={"If-None-Match": f'W/"other", {first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert (await web.get("/", headers={"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/index-gone.js", "/assets/index-1a2b.js.br", "/assets/index-1a2b.js.gz",
        "/assets/", "/assets", "/favicon.ico", "/robots.txt", "/index.php",
        "/api", "/api/v1/products", "/metrics/x", "/health/x", "/.env", "/.git/config",
    ],
)  # fmt: skip
async def test_what_is_neither_a_file_nor_a_page_is_not_found(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["request_id"]) == ("not_found", answer.headers["x-request-id"])


@pytest.mark.parametrize(
    "path",
    [
        "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/assets/%2e%2e/%2e%2e/secret.txt",
        "/..%5csecret.txt", "/.//secret.txt", "/%2fsecret", "/secret%00", "/assets/%252e%252e/secret.txt", "/x%0d%0ay",
    ],
)  # fmt: skip
async def test_no_path_leads_out_of_the_web_app(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path)
    assert answer.status_code == 404
    assert "not for the web" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_every_method_but_get_and_head_is_refused(web: httpx.AsyncClient, method: str) -> None:
    answer = await web.request(method, "/login")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("GZIP;q=0.8, identity", "gzip"),
        ("br;q=0, gzip;q=0.1", "gzip"), ("*", "br"), ("br;q=0.000, *;q=0.5", "gzip"),
        ("", None), ("identity", None), ("br;q=0", None), ("brotli", None),
    ],
)  # fmt: skip
async def test_what_the_build_has_compressed_is_sent_as_the_client_takes_it(
    web: httpx.AsyncClient, accepted: str, coding: str | None
) -> None:
    answer = await web.get("/assets/index-1a2b.js", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.content == (BROTLI if coding == "br" else SCRIPT.encode())


async def test_a_file_that_is_not_compressed_is_sent_as_it_is(web: httpx.AsyncClient) -> None:
    answer = await web.get("/favicon.svg", headers={"Accept-Encoding": "br, gzip"})
    assert "content-encoding" not in answer.headers


async def test_each_coding_has_a_validator_of_its_own(web: httpx.AsyncClient) -> None:
    packed = await web.get("/assets/index-1a2b.js", headers={"Accept-Encoding": "gzip"})
    known = {"If-None-Match": packed.headers["etag"]}
    assert (await web.get("/assets/index-1a2b.js", headers=known | {"Accept-Encoding": "gzip"})).status_code == 304
    assert (await web.get("/assets/index-1a2b.js", headers=known | {"Accept-Encoding": ""})).status_code == 200


async def test_head_answers_like_get(web: httpx.AsyncClient) -> None:
    answer = await web.head("/login")
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(len(INDEX))


@pytest.mark.parametrize(
    "path", ["/", "/assets/index-1a2b.js", "/config.json", "/api/v1/x", "/health/live", "/metrics"]
)
async def test_every_answer_protects_whoever_looks_at_it(web: httpx.AsyncClient, path: str) -> None:
    assert (await web.get(path)).headers.items() >= PROTECTION.items()


async def test_even_a_refusal_before_the_routes_protects(web: httpx.AsyncClient) -> None:
    answer = await web.post("/", content=b"x" * 1_100_000)
    assert answer.status_code == 413
    assert answer.headers.items() >= PROTECTION.items()


async def test_the_policy_lets_run_nothing_but_own_files(web: httpx.AsyncClient) -> None:
    policy = (await web.get("/")).headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


async def test_the_configuration_tells_where_the_app_runs_and_no_secret(web: httpx.AsyncClient) -> None:
    answer = await web.get("/config.json")
    assert answer.headers["cache-control"] == "no-store"
    config = answer.json()
    assert (config["environment"], config["api_base"]) == ("dev", "/api/v1")
    assert config.keys() == {"environment", "api_base", "version"}


async def test_the_version_changes_with_the_build(web: httpx.AsyncClient, dist: Path) -> None:
    before = (await web.get("/config.json")).json()["version"]
    (dist / "index.html").write_text(INDEX.replace("1a2b", "3c4d"))
    transport = httpx.ASGITransport(create(SETTINGS, dist))
    async with httpx.AsyncClient(transport=transport, base_url="http://app.test") as rebuilt:
        assert (await rebuilt.get("/config.json")).json()["version"] != before


async def test_it_is_ready_without_anything_else(web: httpx.AsyncClient) -> None:
    assert (await web.get("/health/ready")).status_code == 200


def test_without_a_built_web_app_it_does_not_start_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^The web app is not built: .* has no index\.html\. Run `make web`"):
        create(SETTINGS, tmp_path / "dist")
