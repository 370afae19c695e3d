"""The public paths of this service.

Handlers answer with the encoded rows themselves: `response_model` stands for the document alone, since to build and
check models of our own rows would cost more than the query does.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Response

from services.catalog import API_PREFIX
from services.data.cursors import Position, from_cursor, to_cursor
from services.data.models import NewProduct, Product, ProductPage
from services.data.products import Products
from services.shared.auth import Principal, current_user
from services.shared.errors import Problem, not_found
from services.shared.openapi import problems

PATH = f"{API_PREFIX}/products"
LARGEST_PAGE = 100

encode = msgspec.json.Encoder().encode


def router(products: Products) -> APIRouter:
    """The routes over `products`."""
    routes = APIRouter(prefix=PATH, tags=["products"])

    @routes.get("", response_model=ProductPage, summary="Products, newest first")
    async def list_products(
        limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 20,
        cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    ) -> Response:
        rows, last = await products.page(limit, _position(cursor))
        return _json({"items": rows, "next_cursor": to_cursor(last) if last else None})

    @routes.get(
        "/{product_id}",
        response_model=Product,
        responses=problems({404: "There is no such product."}),
        summary="One product",
    )
    async def get_product(product_id: str) -> Response:
        known = _uuid(product_id)
        row = await products.get(known) if known else None
        if row is None:
            raise not_found("There is no such product.")
        return _json(row)

    @routes.post("", status_code=201, response_model=Product, summary="Make a product of one's own")
    async def add_product(product: NewProduct, user: Annotated[Principal, Depends(current_user)]) -> Response:
        row = await products.add(product, user.sub)
        return _json(row, 201, {"location": f"{PATH}/{row['id']}"})

    return routes


def _position(cursor: str | None) -> Position | None:
    try:
        return None if cursor is None else from_cursor(cursor)
    except ValueError as error:
        wrong = {"field": "cursor", "message": str(error)}
        raise Problem(422, "invalid_request", f"The request is not valid: cursor {error}", errors=[wrong]) from None


def _uuid(text: str) -> UUID | None:
    """Ids are opaque to clients: one that cannot be an id of ours names nothing."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encode(value), status, headers, media_type="application/json")
