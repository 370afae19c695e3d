"""The gate: who gets through, and what the others are told (H1 to H13)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from services.shared.auth import AuthMiddleware, Principal, RemoteKeys, verifier
from services.shared.auth.metrics import Tally
from tests.services.shared.auth.corpus.all import CASES
from tests.services.shared.auth.http_requests import ask, http_scope, messages, whoami
from tests.services.shared.auth.issuer import CLIENT, ISSUER, NOW, SUB, key_set, token
from tests.services.shared.auth.jwks_server import key_server

VERIFY = verifier(key_set(), ISSUER, CLIENT, clock=lambda: NOW)
OPEN = ("/health", "/docs/*")
CHALLENGE = 'Bearer realm="sri"'


def guarded(**options: Any) -> AuthMiddleware:
    return AuthMiddleware(whoami, VERIFY, **{"open_paths": OPEN, **options})


async def test_a_good_token_gets_through_with_its_principal_in_the_scope() -> None:
    scope = http_scope("/me", f"Bearer {token()}")
    answer = await ask(guarded(), scope)
    assert (answer.status, answer.body) == (200, SUB.encode())
    assert isinstance(scope["principal"], Principal)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
async def test_the_scheme_may_be_spelled_in_any_case(scheme: str) -> None:
    """H3."""
    assert (await ask(guarded(), http_scope("/me", f"{scheme} {token()}"))).status == 200


async def test_a_request_without_a_token_is_told_no_error() -> None:
    """H1: RFC 6750 section 3.1."""
    answer = await ask(guarded(), http_scope("/me"))
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == CHALLENGE
    assert answer.problem["code"] == "token_missing"


@pytest.mark.parametrize(
    "value", ["Basic dXNlcjpwYXNz", "Digest username=x", "", "Bearer", "Bearer ", "BearerX x", "Bearer\tx.y.z"]
)
async def test_another_scheme_or_none_counts_as_no_token(value: str) -> None:
    """H2, H4."""
    answer = await ask(guarded(), http_scope("/me", value))
    assert (answer.status, answer.headers["www-authenticate"]) == (401, CHALLENGE)


@pytest.mark.parametrize("value", [f"Bearer  {token()}", f"Bearer \t{token()}", f"Bearer {token()} ", "Bearer x, y"])
async def test_what_surrounds_a_token_makes_it_another_one(value: str) -> None:
    """H4."""
    answer = await ask(guarded(), http_scope("/me", value))
    assert (answer.status, answer.problem["code"]) == (401, "token_malformed")
    assert answer.headers["www-authenticate"] == f'{CHALLENGE}, error="invalid_token"'


@pytest.mark.parametrize("second", [f"Bearer {token()}", "Basic x", ""])
async def test_two_authorization_headers_are_a_bad_request(second: str) -> None:
    """H5, even if both say the same."""
    answer = await ask(guarded(), http_scope("/me", f"Bearer {token()}", second))
    assert (answer.status, answer.problem["code"]) == (400, "invalid_request")
    assert answer.headers["www-authenticate"] == f'{CHALLENGE}, error="invalid_request"'


async def test_a_token_in_the_query_or_a_form_is_not_read() -> None:
    """H6."""
    scope = http_scope("/me", query_string=f"access_token={token()}".encode())
    scope["headers"].append((b"content-type", b"application/x-www-form-urlencoded"))
    body = {"type": "http.request", "body": f"access_token={token()}".encode(), "more_body": False}
    sent = await messages(guarded(), scope, [body])
    assert sent[0]["status"] == 401


@pytest.mark.parametrize("value", [b"Bearer \xff\xfe", "Bearer ключ".encode(), b"Bearer \x00", b"\xffearer x"])
async def test_bytes_that_are_no_text_are_refused_like_any_bad_token(value: bytes) -> None:
    """H7."""
    assert (await ask(guarded(), http_scope("/me", value))).status == 401


@pytest.mark.parametrize(("path", "status"), [("/health", 200), ("/docs/a/b", 200), ("/docs/", 200), ("/docs", 401)])
async def test_only_the_listed_paths_are_open(path: str, status: int) -> None:
    """H8."""
    assert (await ask(guarded(), http_scope(path))).status == status


async def test_nothing_is_open_unless_it_is_listed() -> None:
    """H8: a preflight and a health check are requests like any other."""
    closed = guarded(open_paths=())
    for scope in (http_scope("/health"), http_scope("/me", method="OPTIONS"), http_scope("*", method="OPTIONS")):
        assert (await ask(closed, scope)).status == 401


async def test_an_open_path_is_open_to_a_bad_token_too_and_knows_no_principal() -> None:
    scope = http_scope("/health", "Bearer nonsense", principal="left over")
    answer = await ask(guarded(), scope)
    assert (answer.status, answer.body) == (200, b"nobody")


async def test_a_bad_token_never_falls_through_as_anonymous() -> None:
    for case in CASES:
        made = case.make()
        if isinstance(made, str) and len(made) < 100_000:
            header = f"Bearer {made}".encode("utf-8", "surrogatepass")
            answer = await ask(guarded(), http_scope("/me", header))
            assert answer.status == 401, case.id
            assert answer.headers["www-authenticate"].startswith(CHALLENGE)


async def test_a_refusal_is_a_problem_that_no_cache_keeps() -> None:
    """H12."""
    scope = http_scope("/me", f"Bearer {token(exp=NOW)}", state={"request_id": "abc-123"})
    answer = await ask(guarded(), scope)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.problem == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "The access token has expired: get a new one.",
        "code": "token_expired",
        "request_id": "abc-123",
    }


async def test_neither_logs_nor_answers_quote_the_token(caplog: pytest.LogCaptureFixture) -> None:
    """H13: a kid with a line break could write log lines of its own."""
    caplog.set_level(logging.DEBUG)
    kid = "evil\r\nlevel=critical <script>"
    for text in (token({"kid": kid}), token(iss="https://evil.example"), token(sub=["evil"]), "evil\r\nevil"):
        answer = await ask(guarded(), http_scope("/me", f"Bearer {text}"))
        told = answer.body.decode() + str(answer.headers) + caplog.text
        assert "evil" not in told
        assert text.split(".")[-1] not in told
    assert "kid_unknown" in caplog.text


async def test_keys_that_cannot_be_had_are_503_with_a_time_to_come_back() -> None:
    async with key_server() as server:
        server.status = "500 Internal Server Error"
        keys = RemoteKeys(server.url)
        app = AuthMiddleware(whoami, verifier(keys, ISSUER, CLIENT, clock=lambda: NOW))
        answer = await ask(app, http_scope("/me", f"Bearer {token()}"))
        await keys.close()
    assert (answer.status, answer.problem["code"]) == (503, "keys_unavailable")
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["cache-control"] == "no-store"
    assert "www-authenticate" not in answer.headers


async def test_remote_keys_and_given_keys_guard_alike() -> None:
    async with key_server() as server:
        keys = RemoteKeys(server.url)
        app = AuthMiddleware(whoami, verifier(keys, ISSUER, CLIENT, clock=lambda: NOW))
        answers = [await ask(app, http_scope("/me", value)) for value in (f"Bearer {token()}", "Bearer x.y.z", "")]
        await keys.close()
    assert [answer.status for answer in answers] == [200, 401, 401]


async def test_requests_refused_before_any_verification_are_counted_too() -> None:
    tally = Tally()
    app = guarded(tally=tally)
    await ask(app, http_scope("/me"))
    await ask(app, http_scope("/me", "Bearer a", "Bearer b"))
    await ask(app, http_scope("/health"))
    assert tally.results == {"token_missing": 1, "invalid_request": 1}


@asynccontextmanager
async def served(app: AuthMiddleware) -> AsyncIterator[str]:
    """The application behind the server that every service runs on."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, http="httptools", ws="none", log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


async def test_the_gate_holds_behind_a_real_server() -> None:
    """Path tricks as the server decodes them, and an answer that a real client can read."""
    async with served(guarded()) as address, httpx.AsyncClient(base_url=address) as client:
        good = {"authorization": f"Bearer {token()}"}
        assert (await client.get("/me", headers=good)).text == SUB
        refused = await client.get("/me")
        assert (refused.status_code, refused.json()["code"]) == (401, "token_missing")
        assert (await client.head("/me")).status_code == 401
        assert (await client.get("/health")).text == "nobody"
        for target in ("/%68ealth", "/health%00", "/health;x", "//health", "/docs/%2e%2e/me", "/docs/..%2fme"):
            raw = httpx.URL(address).copy_with(raw_path=target.encode())
            assert (await client.get(raw)).status_code == 401, target
