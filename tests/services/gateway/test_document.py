"""One document for the whole API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.gateway import document as gateway_document
from services.gateway.app import create
from services.gateway.document import merged
from tests.services.gateway.conftest import Platform, answer, settings_for
from tests.support.applications import client_of, problem
from tests.support.tokens import TokenIssuer

PATH = "/api/v1/openapi.json"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def reader(platform: Platform, token_issuer: TokenIssuer) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a token, before a gateway that knows no document yet."""
    settings = settings_for(token_issuer, identity_url=platform.identity.url, data_url=platform.data.url)
    async with client_of(create(settings)) as client:
        yield client


async def test_the_document_is_open_to_everyone_and_names_the_paths_of_all_services(
    platform: Platform, reader: httpx.AsyncClient
) -> None:
    for upstream, path in ((platform.data, "/api/v1/products"), (platform.identity, "/api/v1/users/me")):
        upstream.behave = serving(document({path: {}}))
    response = await reader.get(PATH)
    assert response.headers["content-type"] == "application/json"
    assert set(response.json()["paths"]) == {"/api/v1/products", "/api/v1/users/me"}


async def test_the_document_is_fetched_once_for_many_readers(platform: Platform, reader: httpx.AsyncClient) -> None:
    asked: list[str] = []
    platform.data.behave, platform.identity.behave = serving(document({}), asked), serving(document({}))
    answers = await asyncio.gather(*(reader.get(PATH) for _ in range(5)))
    assert ({answer.status_code for answer in answers}, len(asked)) == ({200}, 1)


async def test_a_service_that_is_away_is_described_as_it_was(
    platform: Platform, reader: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_document, "FRESH_SECONDS", 0.0)
    platform.identity.behave = serving(document({"/api/v1/users/me": {}}))
    platform.data.behave = serving(document({"/api/v1/products": {}}))
    before = (await reader.get(PATH)).json()
    platform.data.behave = serving({}, status=500)
    assert (await reader.get(PATH)).json() == before


async def test_a_service_that_does_not_answer_is_not_asked_by_every_reader(
    platform: Platform, reader: httpx.AsyncClient
) -> None:
    asked: list[str] = []
    platform.data.behave, platform.identity.behave = serving({}, asked, status=500), serving(document({}))
    for _ in range(5):
        problem(await reader.get(PATH), 503, "upstream_unavailable")
    assert len(asked) == 1


async def test_the_document_cannot_be_written(reader: httpx.AsyncClient) -> None:
    problem(await reader.post(PATH), 405, "method_not_allowed")


async def test_while_a_service_has_never_answered_there_is_no_document(token_issuer: TokenIssuer) -> None:
    settings = settings_for(token_issuer, identity_url="http://127.0.0.1:9", data_url="http://127.0.0.1:9")
    async with client_of(create(settings)) as client:
        body = problem(await client.get(PATH), 503, "upstream_unavailable")
        assert "data, identity" in body["detail"]


@pytest.mark.parametrize("broken", [b"not json", b""])
async def test_a_service_whose_document_is_broken_counts_as_absent(
    platform: Platform, reader: httpx.AsyncClient, broken: bytes
) -> None:
    platform.identity.behave = serving(document({}))

    async def behave(_scope: Any, _receive: Any, send: Any) -> None:
        await answer(send, 200, broken)

    platform.data.behave = behave
    problem(await reader.get(PATH), 503, "upstream_unavailable")


async def test_schemas_that_services_share_stay_one() -> None:
    shared = {"Problem": {"type": "object"}}
    result = merged({"a": document({"/a": ref("Problem")}, shared), "b": document({"/b": ref("Problem")}, shared)})
    assert result["components"]["schemas"] == shared


async def test_schemas_that_differ_under_one_name_are_told_apart() -> None:
    result = merged(
        {
            "a": document({"/a": ref("Item")}, {"Item": {"type": "object"}}),
            "b": document({"/b": ref("Item")}, {"Item": {"type": "array"}, "Items": {"type": "string"}}),
        }
    )
    assert result["paths"] == {"/a": ref("Item"), "/b": ref("BItem")}
    assert result["components"]["schemas"] == {
        "Item": {"type": "object"},
        "BItem": {"type": "array"},
        "Items": {"type": "string"},
    }


def document(paths: dict[str, Any], schemas: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {}, "paths": paths, "components": {"schemas": schemas or {}}}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def serving(content: dict[str, Any], asked: list[str] | None = None, *, status: int = 200) -> Any:
    async def behave(scope: Any, _receive: Any, send: Any) -> None:
        if asked is not None:
            asked.append(scope["path"])
        await answer(send, status, json.dumps(content).encode(), [(b"content-type", b"application/json")])

    return behave
