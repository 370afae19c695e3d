"""Products: made, read one by one and page by page, by whoever is signed in."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.data.models import Product, ProductPage
from tests.support.applications import problem

PATH = "/api/v1/products"
UNKNOWN_ID = "0198f0c5-3b1e-7c4a-9d52-6a1be0c7d001"
LAMP: dict[str, Any] = {"name": "Lamp", "description": "It shines.", "price_minor": 1999, "currency": "EUR"}


async def make(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    response = await client.post(PATH, json={**LAMP, **changes})
    assert response.status_code == 201, response.text
    return dict(response.json())


async def test_a_new_product_belongs_to_whoever_made_it(client: httpx.AsyncClient) -> None:
    product = await make(client)
    assert {name: product[name] for name in LAMP} == LAMP
    assert product["owner_id"] == "ann"
    assert uuid.UUID(product["id"])


async def test_a_new_product_has_times_in_utc_of_just_now(client: httpx.AsyncClient) -> None:
    product = await make(client)
    assert product["created_at"] == product["updated_at"]
    assert product["created_at"].endswith("Z")
    age = datetime.now(UTC) - datetime.fromisoformat(product["created_at"])
    assert abs(age) < timedelta(minutes=1)


async def test_the_answer_says_where_the_new_product_is(client: httpx.AsyncClient) -> None:
    response = await client.post(PATH, json=LAMP)
    assert (await client.get(response.headers["location"])).json() == response.json()


async def test_an_answer_has_exactly_the_members_that_the_document_promises(client: httpx.AsyncClient) -> None:
    product = await make(client)
    assert set(product) == set(Product.model_fields)
    page = (await client.get(PATH)).json()
    assert set(page) == set(ProductPage.model_fields)
    assert Product.model_validate_json((await client.get(f"{PATH}/{product['id']}")).text, strict=False)


async def test_a_description_may_be_left_out(client: httpx.AsyncClient) -> None:
    response = await client.post(PATH, json={"name": "Lamp", "price_minor": 0, "currency": "JPY"})
    assert (response.status_code, response.json()["description"]) == (201, "")


async def test_blanks_around_a_name_are_dropped(client: httpx.AsyncClient) -> None:
    assert (await make(client, name="  Lamp \n"))["name"] == "Lamp"


async def test_text_of_any_language_comes_back_as_it_was(client: httpx.AsyncClient) -> None:
    name = "Lampe für Übermütige 💡 灯 'quoted' \\ \" %s $1"
    assert (await make(client, name=name))["name"] == name


@pytest.mark.parametrize("price", [0, 1, 2**53 + 1, 2**63 - 1])
async def test_a_price_is_kept_to_the_last_digit(client: httpx.AsyncClient, price: int) -> None:
    product = await make(client, price_minor=price)
    assert (await client.get(f"{PATH}/{product['id']}")).json()["price_minor"] == price


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 201),
        ("name", None),
        ("name", 7),
        ("name", "nul\0"),
        ("name", "\ud800"),
        ("description", "x" * 5001),
        ("description", "x" + " " * 5000),
        ("description", None),
        ("description", "nul\0"),
        ("price_minor", -1),
        ("price_minor", 2**63),
        ("price_minor", 10**400),
        ("price_minor", 1.5),
        ("price_minor", 1.0),
        ("price_minor", "100"),
        ("price_minor", True),
        ("price_minor", None),
        ("currency", "eur"),
        ("currency", "XYZ"),
        ("currency", "EURO"),
        ("currency", ""),
        ("currency", None),
    ],
)
async def test_a_product_that_makes_no_sense_is_refused_by_the_name_of_the_field(
    client: httpx.AsyncClient, field: str, value: Any
) -> None:
    content = json.dumps({**LAMP, field: value})
    response = await client.post(PATH, content=content, headers={"content-type": "application/json"})
    body = problem(response, 422, "invalid_request")
    assert [error["field"] for error in body["errors"]] == [field]


@pytest.mark.parametrize("field", ["name", "price_minor", "currency"])
async def test_a_missing_member_is_named(client: httpx.AsyncClient, field: str) -> None:
    response = await client.post(PATH, json={name: value for name, value in LAMP.items() if name != field})
    assert [error["field"] for error in problem(response, 422, "invalid_request")["errors"]] == [field]


@pytest.mark.parametrize("field", ["owner_id", "id", "created_at", "colour"])
async def test_a_member_that_is_not_known_is_refused_by_its_name(client: httpx.AsyncClient, field: str) -> None:
    response = await client.post(PATH, json={**LAMP, field: "x"})
    errors = problem(response, 422, "invalid_request")["errors"]
    assert errors == [{"field": field, "message": "is not a member of this request"}]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"name": NaN}'])
async def test_a_body_that_is_no_product_at_all_is_refused(client: httpx.AsyncClient, content: bytes) -> None:
    response = await client.post(PATH, content=content, headers={"content-type": "application/json"})
    assert response.status_code in {400, 422}
    problem(response, response.status_code, "invalid_request" if response.status_code == 422 else "bad_request")


async def test_a_body_that_is_too_large_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post(PATH, json={**LAMP, "description": "x" * 2_000_000})
    problem(response, 413, "body_too_large")


@pytest.mark.parametrize("product_id", [UNKNOWN_ID, "1", "not-an-id", "%00", "..%2f..%2fhealth"])
async def test_an_id_that_names_nothing_is_not_found(client: httpx.AsyncClient, product_id: str) -> None:
    problem(await client.get(f"{PATH}/{product_id}"), 404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_the_list_itself_can_only_be_read_added_to_and_emptied(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, PATH, json=LAMP)
    problem(response, 405, "method_not_allowed")
    assert set(response.headers["allow"].split(", ")) <= {"GET", "POST", "DELETE"}
