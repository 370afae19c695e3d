"""Products changed and deleted: by whom, and only in the state that was meant."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.applications import problem

PATH = "/api/v1/products"
UNKNOWN_ID = "0198f0c5-3b1e-7c4a-9d52-6a1be0c7d001"
LAMP: dict[str, Any] = {"name": "Lamp", "description": "It shines.", "price_minor": 1999, "currency": "EUR"}


@pytest.fixture
async def lamp(client: httpx.AsyncClient) -> httpx.Response:
    """The answer to the making of ann's lamp."""
    return await client.post(PATH, json=LAMP)


@pytest.fixture
def address(lamp: httpx.Response) -> str:
    return lamp.headers["location"]


@pytest.fixture
def tag(lamp: httpx.Response) -> str:
    return lamp.headers["etag"]


async def patch(client: httpx.AsyncClient, address: str, tag: str, **changes: Any) -> httpx.Response:
    return await client.patch(address, json=changes, headers={"if-match": tag})


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Torch"},
        {"description": ""},
        {"price_minor": 0},
        {"currency": "JPY"},
        {"name": "Torch", "description": "Brighter.", "price_minor": 5, "currency": "USD"},
    ],
)
async def test_what_is_named_is_changed_and_the_rest_stays(
    client: httpx.AsyncClient, address: str, tag: str, lamp: httpx.Response, changes: dict[str, Any]
) -> None:
    response = await patch(client, address, tag, **changes)
    assert response.status_code == 200
    expected = lamp.json() | changes | {"updated_at": response.json()["updated_at"]}
    assert response.json() == expected
    assert (await client.get(address)).json() == expected


async def test_a_change_is_later_than_the_one_before(client: httpx.AsyncClient, address: str, tag: str) -> None:
    moments, tags = [], [tag]
    for name in ("a", "b", "c"):
        response = await patch(client, address, tags[-1], name=name)
        moments.append(response.json()["updated_at"])
        tags.append(response.headers["etag"])
    assert moments == sorted(set(moments))
    assert len(set(tags)) == 4


async def test_all_answers_with_one_product_carry_the_same_tag(
    client: httpx.AsyncClient, address: str, tag: str
) -> None:
    assert (await client.get(address)).headers["etag"] == tag
    changed = await patch(client, address, tag, name="Torch")
    assert (await client.get(address)).headers["etag"] == changed.headers["etag"] != tag
    assert tag.startswith('"')
    assert tag.endswith('"')


async def test_what_one_knows_already_is_not_sent_again(client: httpx.AsyncClient, address: str, tag: str) -> None:
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        response = await client.get(address, headers={"if-none-match": known})
        assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", tag)
    assert (await client.get(address, headers={"if-none-match": '"other"'})).status_code == 200


async def test_a_change_of_a_state_that_is_gone_is_refused(client: httpx.AsyncClient, address: str, tag: str) -> None:
    await patch(client, address, tag, name="Torch")
    problem(await patch(client, address, tag, name="Candle"), 412, "precondition_failed")
    assert (await client.get(address)).json()["name"] == "Torch"


async def test_of_many_changes_at_once_to_one_state_exactly_one_is_made(
    client: httpx.AsyncClient, address: str, tag: str
) -> None:
    answers = await asyncio.gather(*(patch(client, address, tag, name=f"name {number}") for number in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 11


@pytest.mark.parametrize("other", ['"0"', '"x"', "x", '""', "", '"ffffffffffffffff"', "W/{tag}", '"a", "b"'])
async def test_a_tag_that_is_not_the_products_own_matches_nothing(
    client: httpx.AsyncClient, address: str, tag: str, other: str
) -> None:
    problem(await patch(client, address, other.format(tag=tag), name="Torch"), 412, "precondition_failed")


@pytest.mark.parametrize("accepted", ["*", '"0", {tag}', "{tag} , W/{tag}"])
async def test_a_header_may_accept_several_states_or_any(
    client: httpx.AsyncClient, address: str, tag: str, accepted: str
) -> None:
    assert (await patch(client, address, accepted.format(tag=tag), name="Torch")).status_code == 200


async def test_a_change_without_a_tag_is_refused(client: httpx.AsyncClient, address: str) -> None:
    problem(await client.patch(address, json={"name": "Torch"}), 428, "precondition_required")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "body"),
        ({"name": None}, "name"),
        ({"name": " "}, "name"),
        ({"price_minor": -1}, "price_minor"),
        ({"price_minor": "1"}, "price_minor"),
        ({"currency": "XYZ"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"description": "nul\0"}, "description"),
        ({"owner_id": "bob"}, "owner_id"),
        ({"name": "Torch", "updated_at": "2026-01-01T00:00:00Z"}, "updated_at"),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused_by_the_name_of_the_field(
    client: httpx.AsyncClient, address: str, tag: str, changes: dict[str, Any], field: str
) -> None:
    body = problem(await patch(client, address, tag, **changes), 422, "invalid_request")
    assert [error["field"] for error in body["errors"]] == [field]
    assert (await client.get(address)).headers["etag"] == tag


async def test_somebody_elses_product_is_not_changed_and_not_deleted(
    client: httpx.AsyncClient, address: str, tag: str, bob: dict[str, str]
) -> None:
    response = await client.patch(address, json={"name": "Bob's"}, headers={**bob, "if-match": tag})
    problem(response, 403, "not_owner")
    problem(await client.delete(address, headers=bob), 403, "not_owner")
    assert (await client.get(address)).headers["etag"] == tag


async def test_an_administrator_changes_and_deletes_anybodys_product(
    client: httpx.AsyncClient, address: str, tag: str, admin: dict[str, str]
) -> None:
    response = await client.patch(address, json={"name": "Tidied"}, headers={**admin, "if-match": tag})
    assert (response.status_code, response.json()["owner_id"]) == (200, "ann")
    assert (await client.delete(address, headers=admin)).status_code == 204


async def test_a_deleted_product_is_gone(client: httpx.AsyncClient, address: str) -> None:
    response = await client.delete(address)
    assert (response.status_code, response.content) == (204, b"")
    problem(await client.get(address), 404, "not_found")
    problem(await client.delete(address), 404, "not_found")
    problem(await patch(client, address, "*", name="Ghost"), 404, "not_found")


async def test_a_deletion_may_be_bound_to_a_state(client: httpx.AsyncClient, address: str, tag: str) -> None:
    changed = await patch(client, address, tag, name="Torch")
    problem(await client.delete(address, headers={"if-match": tag}), 412, "precondition_failed")
    assert (await client.delete(address, headers={"if-match": changed.headers["etag"]})).status_code == 204


@pytest.mark.parametrize("product_id", [UNKNOWN_ID, "1", "%00"])
async def test_what_is_not_there_cannot_be_changed_or_deleted(client: httpx.AsyncClient, product_id: str) -> None:
    problem(await patch(client, f"{PATH}/{product_id}", "*", name="Torch"), 404, "not_found")
    problem(await client.delete(f"{PATH}/{product_id}"), 404, "not_found")


async def test_all_products_of_ones_own_go_together_and_nobody_elses(
    client: httpx.AsyncClient, bob: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.data.products.DELETED_AT_ONCE", 2)
    kept = (await client.post(PATH, json=LAMP, headers=bob)).headers["location"]
    for _ in range(5):
        await client.post(PATH, json=LAMP)
    for _ in range(2):  # the second time there is nothing left
        assert (await client.delete(PATH, params={"owner": "me"})).status_code == 204
        assert (await client.get(PATH, params={"owner": "me"})).json()["items"] == []
    assert (await client.get(kept)).status_code == 200


@pytest.mark.parametrize("query", ["", "?owner=", "?owner=bob", "?owner=ann", "?owner=ME"])
async def test_to_delete_everything_one_must_say_whose(client: httpx.AsyncClient, address: str, query: str) -> None:
    problem(await client.delete(f"{PATH}{query}"), 400, "owner_required")
    assert (await client.get(address)).status_code == 200


@pytest.mark.parametrize(("query", "field"), [("?owner=ann&owner=me", "owner"), ("?owner=me&currency=EUR", "currency")])
async def test_nothing_is_deleted_by_a_query_that_may_mean_something_else(
    client: httpx.AsyncClient, address: str, query: str, field: str
) -> None:
    body = problem(await client.delete(f"{PATH}{query}"), 422, "invalid_request")
    assert [error["field"] for error in body["errors"]] == [field]
    assert (await client.get(address)).status_code == 200
