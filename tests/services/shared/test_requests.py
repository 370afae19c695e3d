"""What every service does around every request: its id, its line in the log, its limits, its last resort."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from starlette.types import Receive, Scope, Send

from services.shared.api import RequestModel, create_api
from services.shared.errors import Problem, unavailable
from services.shared.lifecycle import Application
from services.shared.logging import current_request_id
from tests.support.applications import client_of, problem, served


class Parcel(RequestModel):
    """A body."""

    weight: int
    contents: tuple[int, ...] = ()


def router() -> APIRouter:
    routes = APIRouter()

    @routes.get("/fine/{number}")
    async def fine(number: int) -> dict[str, int]:
        return {"number": number}

    @routes.post("/parcels")
    async def parcels(parcel: Parcel) -> Parcel:
        return parcel

    @routes.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the password is hunter2")

    @routes.get("/busy")
    async def busy() -> None:
        raise unavailable("busy", "Too much to do.", retry_after=7)

    @routes.get("/refused")
    async def refused() -> None:
        errors = [{"field": "colour", "message": "is not nice"}]
        raise Problem(409, "not_nice", "It is not nice.", headers={"x-reason": "colour"}, errors=errors)

    return routes


@pytest.fixture
def application() -> Application:
    return Application(create_api(title="Test", routers=[router()], open_paths=()), verify=None, open_paths=("/*",))


@pytest.fixture
async def client(application: Application) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(application) as client:
        yield client


def lines(caplog: pytest.LogCaptureFixture, message: str) -> list[dict[str, Any]]:
    """The extra fields of the lines with this message."""
    return [vars(record) for record in caplog.records if record.getMessage() == message]


@pytest.mark.parametrize("given", ["a", "0123456789abcdef", "A.b_c-d", "x" * 64])
async def test_a_request_keeps_the_id_that_it_comes_with(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/fine/1", headers={"x-request-id": given})
    assert response.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize("given", ["", " ", "x" * 65, "a b", "a\tb", "ä", "{}", "a,b", "<b>"])
async def test_an_id_that_could_do_harm_is_replaced_by_a_new_one(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/fine/1", headers={b"x-request-id": given.encode()})
    assert response.headers["x-request-id"] != given
    assert len(response.headers["x-request-id"]) == 32


async def test_every_request_without_an_id_gets_one_of_its_own(client: httpx.AsyncClient) -> None:
    assert len({(await client.get("/fine/1")).headers["x-request-id"] for _ in range(20)}) == 20


async def test_a_request_is_one_line_in_the_log(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "services.request")
    await client.get("/fine/1?token=secret", headers={"authorization": "Bearer secret", "cookie": "rt=secret"})
    (line,) = lines(caplog, "request")
    assert {name: line[name] for name in ("method", "path", "status", "client")} == {
        "method": "GET",
        "path": "/fine/1",
        "status": 200,
        "client": "127.0.0.1",
    }
    assert 0 <= line["duration_ms"] < 1000
    assert "secret" not in str(line)


async def test_health_checks_do_not_fill_the_log(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "services.request")
    for path in ("/health", "/health/live", "/health/ready", "/metrics"):
        await client.get(path)
    assert lines(caplog, "request") == []


@pytest.mark.parametrize(
    ("forwarded", "logged"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("2001:DB8::1", "2001:db8::1"),
        ("spoofed", "127.0.0.1"),
        ("203.0.113.7, ", "127.0.0.1"),
        ("6.6.6.6, " * 1000 + "203.0.113.7", "203.0.113.7"),
        ("fe80::1%" + "x" * 1000, "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
async def test_the_users_address_is_what_the_hop_before_us_saw(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, forwarded: str, logged: str
) -> None:
    caplog.set_level(logging.INFO, "services.request")
    await client.get("/fine/1", headers={"x-forwarded-for": forwarded})
    assert lines(caplog, "request")[0]["client"] == logged


async def test_an_unexpected_error_tells_the_client_nothing_and_the_log_everything(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.get("/broken", headers={"x-request-id": "find-me"})
    body = problem(response, 500, "internal_error")
    assert body["request_id"] == "find-me"
    assert "hunter2" not in response.text
    (record,) = [record for record in caplog.records if record.getMessage() == "unhandled error"]
    assert record.exc_info is not None
    assert "hunter2" in str(record.exc_info[1])


async def test_an_unexpected_error_is_counted_by_its_route(client: httpx.AsyncClient) -> None:
    await client.get("/broken")
    metrics = (await client.get("/metrics")).text
    assert 'http_request_duration_seconds_count{method="GET",route="/broken",status="500"} 1.0' in metrics


async def test_paths_that_clients_make_up_are_counted_as_one(client: httpx.AsyncClient) -> None:
    for number in range(5):
        await client.request("BREW", f"/made-up/{number}")
    metrics = (await client.get("/metrics")).text
    assert 'http_request_duration_seconds_count{method="other",route="unmatched",status="404"} 5.0' in metrics
    assert "made-up" not in metrics


async def test_a_problem_says_what_kind_it_is_and_what_to_do(client: httpx.AsyncClient) -> None:
    response = await client.get("/refused")
    body = problem(response, 409, "not_nice")
    assert (body["title"], body["detail"]) == ("Conflict", "It is not nice.")
    assert body["errors"] == [{"field": "colour", "message": "is not nice"}]
    assert response.headers["x-reason"] == "colour"


async def test_a_503_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    response = await client.get("/busy")
    problem(response, 503, "busy")
    assert response.headers["retry-after"] == "7"


async def test_an_unknown_path_and_method_are_problems_too(client: httpx.AsyncClient) -> None:
    problem(await client.get("/nothing"), 404, "not_found")
    response = await client.delete("/fine/1")
    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET"


async def test_a_path_with_a_slash_too_many_is_not_redirected(client: httpx.AsyncClient) -> None:
    problem(await client.get("/fine/1/"), 404, "not_found")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (b'{"weight": "heavy"}', {"weight"}),
        (b"{}", {"weight"}),
        (b'{"weight": 1, "colour": "red", "a.b": 1}', {"colour", "a.b"}),
        (b'{"weight": 1, "contents": [1, "x"]}', {"contents.1"}),
        (b"not json", {"body"}),
        (b"[1]", {"body"}),
        (b"", {"body"}),
    ],
)
async def test_a_body_that_is_not_valid_is_refused_by_the_names_of_its_fields(
    client: httpx.AsyncClient, body: bytes, errors: set[str]
) -> None:
    response = await client.post("/parcels", content=body, headers={"content-type": "application/json"})
    answer = problem(response, 422, "invalid_request")
    assert {error["field"] for error in answer["errors"]} == errors
    assert all(error["message"] for error in answer["errors"])


async def test_a_body_that_is_not_json_by_its_type_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/parcels", content=b'{"weight": 1}', headers={"content-type": "text/plain"})
    problem(response, 422, "invalid_request")


async def test_a_body_is_read_up_to_its_limit_and_no_further(application: Application) -> None:
    pieces = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal pieces
        for _ in range(1000):
            pieces += 1
            yield b" " * 100_000

    async with client_of(application) as client:
        response = await client.post("/parcels", content=body(), headers={"content-type": "application/json"})
    problem(response, 413, "body_too_large")
    assert pieces < 200


async def test_a_body_that_declares_itself_too_large_is_refused_unread(client: httpx.AsyncClient) -> None:
    response = await client.post("/parcels", content=b"x", headers={"content-length": str(10**9)})
    problem(response, 413, "body_too_large")


async def test_half_an_answer_is_cut_off_rather_than_ended(caplog: pytest.LogCaptureFixture) -> None:
    async def half(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("breaks off")

    async with served(Application(half, verify=None, open_paths=("/*",))) as url, httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(url)
    assert lines(caplog, "unhandled error")


async def test_requests_at_the_same_time_do_not_mix_their_ids() -> None:
    async def echo(_scope: Scope, _receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.01)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(current_request_id.get()).encode()})

    async with client_of(Application(echo, verify=None, open_paths=("/*",))) as client:
        ids = [f"id-{number}" for number in range(20)]
        answers = await asyncio.gather(*(client.get("/", headers={"x-request-id": name}) for name in ids))
        assert [answer.text for answer in answers] == ids
    assert current_request_id.get() is None
